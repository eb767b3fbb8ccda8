//! Whose job is next: round robin over organisations, and over the jobs of each. Pure.

use std::collections::HashMap;

use contract::ids::{BulkId, OrganisationId};

/// A job of an organisation.
pub(super) type Job = (OrganisationId, BulkId);

/// Who had a turn, and when.
#[derive(Debug, Default)]
pub(super) struct Turns {
    count: u64,
    organisations: HashMap<OrganisationId, u64>,
    jobs: HashMap<BulkId, u64>,
}

impl Turns {
    /// Takes the next of these, who stand in the order in which they came: who had no turn yet, then
    /// who had it the longest ago. Who is not among them is forgotten.
    pub(super) fn take(&mut self, jobs: &[Job]) -> Option<Job> {
        self.organisations
            .retain(|id, _| jobs.iter().any(|(of, _)| of == id));
        self.jobs
            .retain(|id, _| jobs.iter().any(|(_, job)| job == id));
        let last = |(of, job): &Job| (self.organisations.get(of), self.jobs.get(job));
        let next = *jobs.iter().min_by_key(|job| last(job))?;
        self.count += 1;
        self.organisations.insert(next.0, self.count);
        self.jobs.insert(next.1, self.count);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use contract::ids::Ulid;

    use super::*;

    fn job(of: u128, job: u128) -> Job {
        let (of, job) = (Ulid::from_parts(1, of), Ulid::from_parts(2, job));
        (OrganisationId::new(of), BulkId::new(job))
    }

    /// The jobs of so many turns.
    fn taken(turns: &mut Turns, jobs: &[Job], count: usize) -> Vec<u128> {
        let next = |_| turns.take(jobs).unwrap().1.ulid().random();
        (0..count).map(next).collect()
    }

    #[test]
    fn organisations_take_turns_however_many_jobs_each_has() {
        let mut turns = Turns::default();
        let jobs = [job(1, 10), job(1, 11), job(2, 20)];
        assert_eq!(taken(&mut turns, &jobs, 6), [10, 20, 11, 20, 10, 20]);
        assert_eq!(turns.take(&[]), None);
        assert!(turns.jobs.is_empty(), "who is done is forgotten");
    }
}
