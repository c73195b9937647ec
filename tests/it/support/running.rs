//! The program, running: to be killed, frozen, or waited for. It does not outlive its test.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::program::Ran;

const PATIENCE: Duration = Duration::from_mins(2);

pub struct Running {
    child: Child,
    arguments: String,
    data: File,
    talk: File,
}

impl Running {
    /// Its words go to files: nobody has to read them for it to go on.
    pub fn start(mut command: Command, arguments: String) -> Self {
        let [data, talk] = [(); 2].map(|()| tempfile::tempfile().expect("a file"));
        command.stdout(data.try_clone().expect("a file")).stderr(talk.try_clone().expect("a file"));
        Self { child: command.spawn().expect("the program"), arguments, data, talk }
    }

    /// Whether it has said this to people by now.
    pub fn has_said(&self, word: &str) -> bool {
        let mut bytes = vec![0; 1 << 20];
        // Where the file is read leaves alone where the program writes.
        let length = self.talk.read_at(&mut bytes, 0).expect("a text");
        String::from_utf8_lossy(&bytes[..length]).contains(word)
    }

    /// Waits until something is so, but not for ever: what it comes to takes seconds.
    pub fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            let over = self.has_ended() || start.elapsed() > PATIENCE;
            assert!(!over, "`isobar {}`: {what} never came\n{}", self.arguments, whole(&mut self.talk));
            sleep(Duration::from_millis(10));
        }
    }

    /// A file of its process under `/proc`.
    pub fn proc(&self, name: &str) -> Vec<u8> {
        std::fs::read(format!("/proc/{}/{name}", self.child.id())).expect("a file of a process")
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ran {
        let code = self.child.wait().expect("an end").code();
        let [data, talk] = [&mut self.data, &mut self.talk].map(whole);
        Ran { arguments: self.arguments.clone(), code, data, talk }
    }

    /// Waits for its end, which a signal is expected to be: whether that left a core dump.
    pub fn has_left_a_core(mut self) -> bool {
        let status = self.child.wait().expect("an end");
        assert!(status.signal().is_some(), "`isobar {}` did not crash: {status}", self.arguments);
        status.core_dumped()
    }

    pub fn kill(mut self) -> Ran {
        self.child.kill().expect("killed");
        self.end()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill").success(), "{name} was not sent");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, if all went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn whole(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("a text");
    String::from_utf8_lossy(&bytes).into_owned()
}
