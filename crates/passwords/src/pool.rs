//! The threads that hash.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use contract::{Kind, Problem, Secret};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{
    background::step_aside,
    phc::{Cost, Memory, Phc, Recipe, SALT},
};

/// So long somebody waits for threads that step aside; then one that does not hashes for them. Longer
/// than a full queue takes where the processors are free, and well within the time of a request.
const PATIENCE: Duration = Duration::from_secs(3);

/// How passwords are hashed.
#[derive(Clone, Copy, Debug)]
pub struct PasswordSettings {
    /// Memory of each hash, in KiB; at least 8.
    pub memory_kib: u32,
    /// Passes over that memory; at least 1.
    pub passes: u32,
    /// Threads that step aside; each hash keeps one busy for its whole time.
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

/// What somebody waits for. It stays in its slot until it is answered, because a thread that stepped aside
/// in the middle of it may not get a processor for a long time.
struct Job {
    password: Secret,
    recipe: Recipe,
    to: oneshot::Sender<Option<Phc>>,
    place: OwnedSemaphorePermit,
    /// Whether the thread for whoever waited too long has it.
    is_late: bool,
}

/// Whoever is through with it first answers and takes it out.
type Slot = Arc<Mutex<Option<Job>>>;

struct Late {
    at: Instant,
    slot: Slot,
}

/// The queue of the threads that step aside. A slot stays in it until one of them comes by, though another has
/// emptied it: where none of them gets a processor it would grow with whatever is hashed. Once so many stand in
/// it as may wait, whoever comes has the thread for the late alone, which hashes for everybody then. No lock: one
/// of these threads might keep it and not get a processor.
#[derive(Clone)]
struct Queue {
    to: Sender<Slot>,
    length: Arc<AtomicUsize>,
    most: usize,
}

impl Queue {
    fn push(&self, slot: &Slot) -> Result<(), Busy> {
        if self.length.fetch_add(1, Ordering::Relaxed) < self.most {
            return self.to.send(Arc::clone(slot)).map_err(|_| Busy);
        }
        self.length.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Hashes and checks passwords. Cheap to clone; the threads end with the last clone.
#[derive(Clone)]
pub struct Passwords {
    /// For whoever waits or is hashed for. How many slots there are says nothing of that.
    places: Arc<Semaphore>,
    jobs: Queue,
    late: Sender<Late>,
    patience: Duration,
    cost: Cost,
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
        Self::with(settings, PATIENCE)
    }

    fn with(settings: PasswordSettings, patience: Duration) -> std::io::Result<Self> {
        let cost = Cost {
            memory_kib: settings.memory_kib,
            passes: settings.passes,
        };
        let try_once = Recipe::new(salt(), cost);
        try_once.hash(b"", &mut Memory::default()).ok_or_else(|| {
            std::io::Error::new(std::io::ErrorKind::InvalidInput, "not parameters of argon2")
        })?;
        let threads = settings.threads.max(1);
        let most = settings.queue.max(1) + threads;
        let places = Arc::new(Semaphore::new(most));
        let (to, queue) = channel();
        let length = Arc::new(AtomicUsize::new(0));
        let queue = Arc::new(Mutex::new(queue));
        let made = Arc::new(AtomicU64::new(0));
        for n in 0..threads {
            let (queue, length) = (Arc::clone(&queue), Arc::clone(&length));
            let mut hasher = Hasher::new(&made, false);
            std::thread::Builder::new()
                .name(format!("passwords-{n}"))
                .spawn(move || {
                    step_aside();
                    while let Some(slot) = next(&queue) {
                        length.fetch_sub(1, Ordering::Relaxed);
                        hasher.take(&slot);
                    }
                })?;
        }
        let late = hash_late(Hasher::new(&made, true))?;
        let jobs = Queue { to, length, most };
        Ok(Self {
            places,
            jobs,
            late,
            patience,
            cost,
            made,
        })
    }

    /// How many hashes were made so far, to keep or to compare with. What costs as many takes as long.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// The PHC string of a password.
    pub async fn hash(&self, password: Secret) -> Result<String, Busy> {
        let phc = self.work(password, Recipe::new(salt(), self.cost)).await?;
        phc.map(|phc| phc.to_string()).ok_or(Busy)
    }

    /// Whether the password has this hash; `false` too for what is no hash.
    pub async fn verify(&self, password: Secret, phc: String) -> Result<bool, Busy> {
        let Some(stored) = Phc::parse(&phc) else {
            return Ok(false);
        };
        let made = self.work(password, stored.recipe()).await?;
        Ok(made.is_some_and(|made| made.is(&stored)))
    }

    /// Takes the time of a check: for an address that nobody has.
    pub async fn verify_nothing(&self, password: Secret) -> Result<(), Busy> {
        self.work(password, Recipe::new([0; SALT], self.cost))
            .await
            .map(drop)
    }

    async fn work(&self, password: Secret, recipe: Recipe) -> Result<Option<Phc>, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| Busy)?;
        let (to, get) = oneshot::channel();
        let job = Job {
            password,
            recipe,
            to,
            place,
            is_late: false,
        };
        let slot = Arc::new(Mutex::new(Some(job)));
        self.jobs.push(&slot)?;
        let at = Instant::now() + self.patience;
        self.late.send(Late { at, slot }).map_err(|_| Busy)?;
        get.await.map_err(|_| Busy)
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

/// Starts the thread for whoever waited too long. What it is sent is bounded by the places, and by what came within
/// the patience: anything that has no place any more is taken, and gone from here when its time has come.
fn hash_late(mut hasher: Hasher) -> std::io::Result<Sender<Late>> {
    let (late, overdue) = channel::<Late>();
    std::thread::Builder::new()
        .name("passwords-late".to_owned())
        .spawn(move || {
            for Late { at, slot } in overdue {
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                hasher.take(&slot);
            }
        })?;
    Ok(late)
}

fn next(queue: &Mutex<Receiver<Slot>>) -> Option<Slot> {
    locked(queue).recv().ok()
}

/// One thread, with its memory.
struct Hasher {
    memory: Memory,
    made: Arc<AtomicU64>,
    is_late: bool,
}

impl Hasher {
    fn new(made: &Arc<AtomicU64>, is_late: bool) -> Self {
        Self {
            memory: Memory::default(),
            made: Arc::clone(made),
            is_late,
        }
    }

    /// Does what is still there to do.
    fn take(&mut self, slot: &Mutex<Option<Job>>) {
        let Some((password, recipe)) = self.begin(slot) else {
            return;
        };
        let phc = recipe.hash(password.expose().as_bytes(), &mut self.memory);
        if let Some(Job { to, place, .. }) = locked(slot).take() {
            self.made.fetch_add(1, Ordering::Relaxed);
            // Whoever is answered may ask again at once.
            drop(place);
            // Whoever asked may be gone: then nobody needs the answer.
            let _ = to.send(phc);
        }
    }

    fn begin(&self, slot: &Mutex<Option<Job>>) -> Option<(Secret, Recipe)> {
        let mut slot = locked(slot);
        if slot.as_ref()?.to.is_closed() {
            *slot = None;
        }
        let job = slot.as_mut()?;
        if job.is_late {
            return None;
        }
        job.is_late = self.is_late;
        Some((job.password.clone(), job.recipe.clone()))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 64,
        passes: 1,
    };

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

    /// A pool whose threads that step aside never get a processor: nobody takes from the queue.
    fn without_processor(queue: usize) -> (Passwords, Receiver<Slot>) {
        let made = Arc::default();
        let (to, nobody_takes) = channel();
        let passwords = Passwords {
            places: Arc::new(Semaphore::new(queue)),
            jobs: Queue {
                to,
                length: Arc::default(),
                most: queue,
            },
            late: hash_late(Hasher::new(&made, true)).unwrap(),
            patience: Duration::ZERO,
            cost: CHEAP,
            made,
        };
        (passwords, nobody_takes)
    }

    #[tokio::test]
    async fn whoever_waited_too_long_is_not_left_to_threads_that_step_aside() {
        let (passwords, _nobody_takes) = without_processor(8);
        let phc = passwords.hash(Secret::new("correct horse")).await.unwrap();
        assert!(phc.starts_with("$argon2id$"));
    }

    #[tokio::test]
    async fn whoever_was_answered_waits_no_more_though_the_threads_that_step_aside_stand_still() {
        let (passwords, _nobody_takes) = without_processor(1);
        for _ in 0..3 {
            let hash = passwords.hash(Secret::new("correct horse")).await;
            assert!(hash.is_ok());
        }
    }

    #[tokio::test]
    async fn what_was_answered_fills_no_queue_though_the_threads_that_step_aside_stand_still() {
        let (passwords, nobody_takes) = without_processor(2);
        for _ in 0..5 {
            let hash = passwords.hash(Secret::new("correct horse")).await;
            assert!(hash.is_ok());
        }
        assert_eq!(nobody_takes.try_iter().count(), 2);
    }

    #[tokio::test]
    async fn the_threads_that_step_aside_are_asked_however_many_were_answered_before() {
        // Nobody is late: whatever is answered, they answered.
        let passwords = Passwords::with(settings(1), Duration::from_hours(1)).unwrap();
        for _ in 0..10 {
            let hash = passwords.hash(Secret::new("correct horse")).await;
            assert!(hash.is_ok());
        }
    }

    fn asked() -> (Mutex<Option<Job>>, oneshot::Receiver<Option<Phc>>) {
        let (to, get) = oneshot::channel();
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let job = Job {
            place,
            password: Secret::new("a password"),
            recipe: Recipe::new([0; SALT], CHEAP),
            to,
            is_late: false,
        };
        (Mutex::new(Some(job)), get)
    }

    #[test]
    fn what_began_on_a_thread_that_steps_aside_is_not_left_to_it() {
        let (slot, mut get) = asked();
        let made = Arc::default();
        let aside = Hasher::new(&made, false);
        assert!(aside.begin(&slot).is_some());
        let mut late = Hasher::new(&made, true);
        late.take(&slot);
        assert!(get.try_recv().unwrap().is_some());
        // and whoever comes later finds nothing to do
        assert!(aside.begin(&slot).is_none());
        late.take(&slot);
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn what_the_thread_for_the_late_has_begun_is_begun_no_more() {
        let (slot, _get) = asked();
        let made = Arc::default();
        assert!(Hasher::new(&made, true).begin(&slot).is_some());
        assert!(Hasher::new(&made, false).begin(&slot).is_none());
    }

    #[tokio::test]
    async fn each_is_answered_once_whichever_thread_comes_first() {
        let passwords = Passwords::with(settings(200), Duration::ZERO).unwrap();
        let hashes = (0..200).map(|_| passwords.hash(Secret::new("a password")));
        let results = futures_util::future::join_all(hashes).await;
        assert!(results.iter().all(Result::is_ok));
        assert_eq!(passwords.made(), 200);
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
