//! The sizes of tasks that Fargate has. Source: the table "Task CPU and memory" of the ECS developer guide.

/// Processor units, 1024 to a core, then the memory in MiB that goes with them: least, most, step. The
/// smallest has two rows, since its last step is twice as wide.
const SIZES: [(u32, u32, u32, u32); 8] = [
    (256, 512, 1024, 512),
    (256, 2048, 2048, 1024),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16_384, 1024),
    (4096, 8192, 30_720, 1024),
    (8192, 16_384, 61_440, 4096),
    (16_384, 32_768, 122_880, 8192),
];

/// The processor units that a task can have, the fewest first.
pub fn processors() -> Vec<u32> {
    let mut all: Vec<u32> = SIZES.iter().map(|(units, ..)| *units).collect();
    all.dedup();
    all
}

/// Every memory in MiB that goes with these processor units, the least first; none if no task has them.
pub fn memories(cpu: u32) -> Vec<u32> {
    let rows = SIZES.iter().filter(|(units, ..)| *units == cpu);
    rows.flat_map(|(_, least, most, step)| (*least..=*most).step_by(*step as usize)).collect()
}

/// The same in words: `512, 1024 or 2048`, or `1024 to 4096 in steps of 1024`.
pub fn memories_in_words(cpu: u32) -> String {
    let rows: Vec<_> = SIZES.iter().filter(|(units, ..)| *units == cpu).collect();
    if let [(_, least, most, step)] = rows.as_slice() {
        return format!("{least} to {most} in steps of {step}");
    }
    let all: Vec<String> = memories(cpu).iter().map(u32::to_string).collect();
    all.split_last().map_or_else(String::new, |(last, others)| format!("{} or {last}", others.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_task_has_three_sizes_and_others_have_steps() {
        assert_eq!(memories(256), [512, 1024, 2048]);
        assert_eq!(memories(512), [1024, 2048, 3072, 4096]);
        assert_eq!(memories(300), [0_u32; 0]);
        assert_eq!(memories_in_words(256), "512, 1024 or 2048");
        assert_eq!(memories_in_words(8192), "16384 to 61440 in steps of 4096");
        assert_eq!(processors(), [256, 512, 1024, 2048, 4096, 8192, 16_384]);
    }
}
