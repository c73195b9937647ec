//! Progress on a terminal: one line per running step, finished steps scroll away above, counts at the bottom.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::text::{line, place};
use crate::apply::{Event, Listener};
use crate::names::Address;
use crate::render::style::plain;
use crate::render::words::doing;

/// The interval at which elapsed times move on.
const TICK: Duration = Duration::from_millis(200);

/// Draws to stderr.
pub struct Progress {
    screen: Arc<Screen>,
    coloured: bool,
}

struct Screen {
    bars: MultiProgress,
    bottom: ProgressBar,
    running: Mutex<HashMap<Address, Running>>,
}

struct Running {
    bar: ProgressBar,
    doing: String,
}

impl Progress {
    /// A screen that is empty until the run starts.
    pub fn new(coloured: bool) -> Self {
        let bars = MultiProgress::new();
        let bottom = bars.add(ProgressBar::new(0).with_style(style("{pos}/{len} steps  {elapsed}  {msg}")));
        let screen = Arc::new(Screen { bars, bottom, running: Mutex::default() });
        keep_ticking(Arc::downgrade(&screen));
        Self { screen, coloured }
    }

    fn start(&self, address: &Address, doing: String) {
        let bar = ProgressBar::new_spinner().with_style(style("{spinner} {msg}  {elapsed}"));
        let bar = self.screen.bars.insert_before(&self.screen.bottom, bar);
        bar.set_message(doing.clone());
        self.running().insert(address.clone(), Running { bar, doing });
    }

    fn wait(&self, address: &Address, why: &str) {
        if let Some(running) = self.running().get(address) {
            running.bar.set_message(format!("{}: {why}", running.doing));
        }
    }

    fn end(&self, address: &Address) {
        if let Some(running) = self.running().remove(address) {
            running.bar.finish_and_clear();
            self.screen.bars.remove(&running.bar);
        }
        self.screen.bottom.inc(1);
    }

    fn clear(&self) {
        for (_, running) in self.running().drain() {
            running.bar.finish_and_clear();
        }
        self.screen.bottom.finish_and_clear();
    }

    fn print(&self, event: &Event) {
        if let Some(line) = line(event) {
            let line = if self.coloured { line } else { plain(&line) };
            // A terminal that has gone away must not stop the run.
            let _gone = self.screen.bars.println(line);
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<Address, Running>> {
        self.screen.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Progress {
    fn on(&self, event: &Event) {
        match event {
            Event::RunStarted { steps } => self.screen.bottom.set_length(*steps as u64),
            Event::StepStarted { address, verb, .. } => {
                return self.start(address, format!("{} {}", place(address), doing(*verb)));
            }
            Event::StepWaiting { address, why } => return self.wait(address, why),
            Event::StepRetry { address, error, .. } => {
                let said = if error.code.is_empty() { &error.message } else { &error.code };
                return self.wait(address, &format!("{said}, retrying"));
            }
            Event::StepDone { address, .. }
            | Event::StepFailed { address, .. }
            | Event::StepSkipped { address, .. } => {
                self.end(address);
            }
            Event::WaveStarted { name, .. } => self.screen.bottom.set_message(name.to_string()),
            Event::RunDone { .. } => self.clear(),
            _ => {}
        }
        self.print(event);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// One thread for all lines; it ends with the screen.
fn keep_ticking(screen: Weak<Screen>) {
    std::thread::spawn(move || {
        while let Some(screen) = screen.upgrade() {
            let running = screen.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.values().for_each(|one| one.bar.tick());
            screen.bottom.tick();
            drop(running);
            drop(screen);
            std::thread::sleep(TICK);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::{Counts, Verb};
    use crate::render::sample::address;

    #[test]
    fn a_step_leaves_the_screen_when_it_ends() {
        let progress = Progress::new(false);
        let address = address("functions.a.function@us-west-2");
        let kind = "lambda.Function".parse().expect("a kind");
        progress.on(&Event::RunStarted { steps: 1 });
        progress.on(&Event::StepStarted { address: address.clone(), kind, verb: Verb::Create });
        progress.on(&Event::StepWaiting { address: address.clone(), why: "Pending".into() });
        assert_eq!(progress.running().len(), 1);
        progress.on(&Event::StepDone { address, verb: Verb::Create, id: None, seconds: 1.0 });
        assert!(progress.running().is_empty());
        assert_eq!(progress.screen.bottom.position(), 1);
        progress.on(&Event::RunDone { counts: Counts::default() });
    }
}
