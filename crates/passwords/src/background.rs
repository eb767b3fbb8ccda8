//! What a thread that hashes leaves to the others.

/// Leaves the processor to every ordinary thread that wants it (`SCHED_IDLE`, sched(7)): of this process, and
/// of everything else in its control group, or on the machine where there are none.
///
/// A hash keeps a processor for 20 ms, in slices of the scheduler; whoever answers a page waits for
/// the end of one. A lower nice value does not help, because a slice that has begun is kept.
#[cfg(target_os = "linux")]
pub(crate) fn step_aside() {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let set = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
    if let Err(error) = set {
        tracing::warn!(
            ?error,
            "passwords are hashed at the priority of everything else"
        );
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn step_aside() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadSchedulePolicy, thread_schedule_policy,
    };

    use super::step_aside;

    #[test]
    fn a_thread_that_hashes_steps_aside() {
        let policy = std::thread::spawn(|| {
            step_aside();
            thread_schedule_policy()
        });
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        assert_eq!(policy.join().unwrap(), Ok(idle));
    }
}
