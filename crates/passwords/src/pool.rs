//! The threads that hash.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use contract::{Kind, Problem, Secret};
use tokio::sync::oneshot;

use crate::phc::{Cost, Memory, Phc, SALT};

/// How passwords are hashed.
#[derive(Clone, Copy, Debug)]
pub struct PasswordSettings {
    /// Memory of each hash, in KiB; at least 8.
    pub memory_kib: u32,
    /// Passes over that memory; at least 1.
    pub passes: u32,
    /// Threads; each hash keeps one busy for its whole time.
    pub threads: usize,
    /// Hashes that may wait for a thread; more are refused.
    pub queue: usize,
}

impl Default for PasswordSettings {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
            threads: 1,
            queue: 64,
        }
    }
}

/// Too many passwords wait to be hashed; or the pool has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be hashed")]
pub struct Busy;

impl From<Busy> for Problem {
    fn from(_: Busy) -> Self {
        Self::new(Kind::Overloaded)
    }
}

enum Work {
    Hash(oneshot::Sender<String>),
    Verify(String, oneshot::Sender<bool>),
}

struct Job {
    password: Secret,
    work: Work,
}

/// Hashes and checks passwords. Cheap to clone; the threads end with the last clone.
#[derive(Clone)]
pub struct Passwords {
    jobs: SyncSender<Job>,
    /// A hash of nothing, with today's cost.
    decoy: Arc<str>,
    made: Arc<AtomicU64>,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}

impl Passwords {
    /// Starts the threads. Fails when the parameters are none that argon2 takes, or a thread cannot
    /// be started.
    pub fn start(settings: PasswordSettings) -> std::io::Result<Self> {
        let cost = Cost {
            memory_kib: settings.memory_kib,
            passes: settings.passes,
        };
        let decoy = Phc::hash(b"", salt(), cost, &mut Memory::default()).ok_or_else(|| {
            std::io::Error::new(std::io::ErrorKind::InvalidInput, "not parameters of argon2")
        })?;
        let (jobs, queue) = sync_channel(settings.queue.max(1));
        let queue = Arc::new(Mutex::new(queue));
        let made = Arc::new(AtomicU64::new(0));
        for n in 0..settings.threads.max(1) {
            let (queue, made) = (Arc::clone(&queue), Arc::clone(&made));
            std::thread::Builder::new()
                .name(format!("passwords-{n}"))
                .spawn(move || work(&queue, cost, &made))?;
        }
        Ok(Self {
            jobs,
            decoy: decoy.to_string().into(),
            made,
        })
    }

    /// How many hashes were made so far, to keep or to compare with. What costs as many takes as long.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// The PHC string of a password.
    pub async fn hash(&self, password: Secret) -> Result<String, Busy> {
        let (put, get) = oneshot::channel();
        self.send(password, Work::Hash(put))?;
        get.await.map_err(|_| Busy)
    }

    /// Whether the password has this hash; `false` too for what is no hash.
    pub async fn verify(&self, password: Secret, phc: String) -> Result<bool, Busy> {
        let (put, get) = oneshot::channel();
        self.send(password, Work::Verify(phc, put))?;
        get.await.map_err(|_| Busy)
    }

    /// Takes the time of a check: for an address that nobody has.
    pub async fn verify_nothing(&self, password: Secret) -> Result<(), Busy> {
        self.verify(password, self.decoy.to_string())
            .await
            .map(drop)
    }

    fn send(&self, password: Secret, work: Work) -> Result<(), Busy> {
        self.jobs.try_send(Job { password, work }).map_err(|_| Busy)
    }
}

fn salt() -> [u8; SALT] {
    let mut salt = [0; SALT];
    if aws_lc_rs::rand::fill(&mut salt).is_err() {
        // Without entropy there are no secrets: refuse to go on rather than to repeat.
        std::process::abort();
    }
    salt
}

fn work(queue: &Mutex<Receiver<Job>>, cost: Cost, made: &AtomicU64) {
    let mut memory = Memory::default();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { password, work }) = next else {
            return;
        };
        let password = password.expose().as_bytes();
        match work {
            // Whoever asked may be gone: then nobody needs the answer.
            Work::Hash(to) if !to.is_closed() => {
                let phc = Phc::hash(password, salt(), cost, &mut memory);
                made.fetch_add(1, Ordering::Relaxed);
                if let Some(phc) = phc {
                    let _ = to.send(phc.to_string());
                }
            }
            Work::Verify(phc, to) if !to.is_closed() => {
                let is_right = Phc::parse(&phc).is_some_and(|phc| {
                    made.fetch_add(1, Ordering::Relaxed);
                    phc.matches(password, &mut memory)
                });
                let _ = to.send(is_right);
            }
            Work::Hash(_) | Work::Verify(..) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(queue: usize) -> PasswordSettings {
        PasswordSettings {
            memory_kib: 64,
            passes: 1,
            threads: 1,
            queue,
        }
    }

    #[tokio::test]
    async fn a_password_is_recognised_and_another_is_not() {
        let passwords = Passwords::start(settings(8)).unwrap();
        let phc = passwords.hash(Secret::new("correct horse")).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        assert!(
            passwords
                .verify(Secret::new("correct horse"), phc.clone())
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(Secret::new("wrong horse"), phc)
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(Secret::new("x"), "no hash".to_owned())
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        // Hashes of 64 MiB keep the one thread busy while the queue of one fills.
        let slow = PasswordSettings {
            memory_kib: 65_536,
            ..settings(1)
        };
        let passwords = Passwords::start(slow).unwrap();
        let hashes = (0..8).map(|_| passwords.hash(Secret::new("a password")));
        let results = futures_util::future::join_all(hashes).await;
        assert!(results.contains(&Err(Busy)));
        assert!(results.iter().any(Result::is_ok));
    }

    #[test]
    fn impossible_parameters_do_not_start() {
        assert!(
            Passwords::start(PasswordSettings {
                memory_kib: 1,
                ..settings(1)
            })
            .is_err()
        );
    }
}
