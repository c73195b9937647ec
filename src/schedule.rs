//! The schedule: a state machine of the steps that may run now. Pure: no clock, no task, no channel.

use std::collections::BTreeSet;

use crate::blocks::Level;
use crate::plan::steps::{Step, StepId};

/// The steps of a run and how far each has come.
#[derive(Debug, Clone)]
pub struct Schedule {
    steps: Vec<Step>,
    status: Vec<Status>,
    /// Length of the chain of steps that begins at each: the longest chain goes first.
    weight: Vec<usize>,
    dependents: Vec<Vec<StepId>>,
    /// True once a step and everything below it serves.
    deep: Vec<bool>,
    stopped: bool,
}

/// Progress of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Not begun.
    Waiting,
    /// At work.
    Running,
    /// Done as far as that what it made can be referred to.
    Configured,
    /// Done altogether.
    Serving,
    /// Failed.
    Failed,
    /// Left out: something it needs failed.
    Skipped,
}

impl Schedule {
    /// A schedule in which nothing has begun.
    pub fn new(steps: Vec<Step>) -> Self {
        let mut dependents = vec![Vec::new(); steps.len()];
        for (id, step) in steps.iter().enumerate() {
            for before in step.needs.keys() {
                dependents[*before].push(id);
            }
        }
        let weight = weights(&steps, &dependents);
        Self {
            status: vec![Status::Waiting; steps.len()],
            deep: vec![false; steps.len()],
            steps,
            weight,
            dependents,
            stopped: false,
        }
    }

    /// A step.
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id]
    }

    /// All steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Progress of a step.
    pub fn status(&self, id: StepId) -> Status {
        self.status[id]
    }

    /// The steps that may begin, those with the longest chain behind them first.
    pub fn ready(&self) -> Vec<StepId> {
        if self.stopped {
            return Vec::new();
        }
        let mut ready: Vec<StepId> = (0..self.steps.len())
            .filter(|id| self.status[*id] == Status::Waiting)
            .filter(|id| self.steps[*id].needs.iter().all(|(before, level)| self.reached(*before, *level)))
            .collect();
        ready.sort_by_key(|id| (std::cmp::Reverse(self.weight[*id]), *id));
        ready
    }

    /// A step begins.
    pub fn start(&mut self, id: StepId) {
        self.status[id] = Status::Running;
    }

    /// Marks a step whose resource can be referred to.
    pub fn configured(&mut self, id: StepId) {
        self.status[id] = Status::Configured;
    }

    /// Marks a step whose resource serves.
    pub fn serving(&mut self, id: StepId) {
        self.status[id] = Status::Serving;
        let mut rest = vec![id];
        while let Some(next) = rest.pop() {
            let below = self.steps[next].needs.keys().all(|before| self.deep[*before]);
            if !self.deep[next] && self.status[next] == Status::Serving && below {
                self.deep[next] = true;
                rest.extend(&self.dependents[next]);
            }
        }
    }

    /// A step has failed. Gives the steps that are left out because of it.
    pub fn fail(&mut self, id: StepId) -> Vec<StepId> {
        self.status[id] = Status::Failed;
        let (mut skipped, mut seen) = (Vec::new(), BTreeSet::new());
        let mut rest = self.dependents[id].clone();
        // What is done already stays; what waits for it to serve with all that is below will not begin.
        while let Some(next) = rest.pop() {
            if !seen.insert(next) {
                continue;
            }
            if self.status[next] == Status::Waiting {
                self.status[next] = Status::Skipped;
                skipped.push(next);
            }
            rest.extend(&self.dependents[next]);
        }
        skipped.sort_unstable();
        skipped
    }

    /// No more steps begin.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Steps that have not begun and, after a stop, never will.
    pub fn left(&self) -> Vec<StepId> {
        (0..self.steps.len()).filter(|id| self.status[*id] == Status::Waiting).collect()
    }

    /// True if a step has come so far. To serve, everything it needs must serve as well.
    fn reached(&self, id: StepId, level: Level) -> bool {
        match level {
            Level::Configured => matches!(self.status[id], Status::Configured | Status::Serving),
            Level::Serving => self.deep[id],
        }
    }
}

fn weights(steps: &[Step], dependents: &[Vec<StepId>]) -> Vec<usize> {
    let mut weight = vec![1; steps.len()];
    let mut open: Vec<usize> = dependents.iter().map(Vec::len).collect();
    let mut rest: Vec<StepId> = (0..steps.len()).filter(|id| open[*id] == 0).collect();
    while let Some(id) = rest.pop() {
        for before in steps[id].needs.keys() {
            weight[*before] = weight[*before].max(weight[id] + 1);
            open[*before] -= 1;
            if open[*before] == 0 {
                rest.push(*before);
            }
        }
    }
    weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::steps::Action;

    /// Steps from what each needs: `c` configured, `s` serving.
    fn schedule(needs: &[&[(StepId, char)]]) -> Schedule {
        let level = |letter| if letter == 's' { Level::Serving } else { Level::Configured };
        let step = |needs: &&[(StepId, char)]| Step {
            address: None,
            action: Action::Gate,
            wave: 0,
            needs: needs.iter().map(|(before, letter)| (*before, level(*letter))).collect(),
        };
        Schedule::new(needs.iter().map(step).collect())
    }

    #[test]
    fn steps_of_the_longest_chain_go_first() {
        let schedule = schedule(&[&[], &[], &[(1, 'c')], &[(2, 'c')]]);
        assert_eq!(schedule.ready(), [1, 0]);
    }

    #[test]
    fn a_step_serves_once_everything_below_it_serves() {
        // 2 needs 1 serving, 1 needs 0 configured: 2 waits for 0 to serve as well.
        let mut schedule = schedule(&[&[], &[(0, 'c')], &[(1, 's')]]);
        schedule.start(0);
        schedule.configured(0);
        assert_eq!(schedule.ready(), [1]);
        schedule.start(1);
        schedule.serving(1);
        assert_eq!(schedule.ready(), Vec::<StepId>::new());
        schedule.serving(0);
        assert_eq!(schedule.ready(), [2]);
    }

    #[test]
    fn failures_skip_dependents_and_nothing_else() {
        let mut schedule = schedule(&[&[], &[(0, 'c')], &[(1, 'c')], &[]]);
        schedule.start(0);
        assert_eq!(schedule.fail(0), [1, 2]);
        assert_eq!(schedule.ready(), [3]);
        schedule.stop();
        assert_eq!(schedule.ready(), Vec::<StepId>::new());
        assert_eq!(schedule.left(), [3]);
    }
}
