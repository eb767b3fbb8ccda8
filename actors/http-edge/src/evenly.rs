//! Answers whose time tells nothing.

use std::time::Duration;

/// Longer than queueing a letter takes, so that the time does not tell whether there was one.
const EVEN_AFTER: Duration = Duration::from_millis(100);

/// Answers no sooner than [`EVEN_AFTER`], whatever there was to do.
pub(crate) async fn evenly<T>(work: impl Future<Output = T>) -> T {
    let earliest = tokio::time::sleep(EVEN_AFTER);
    let done = work.await;
    earliest.await;
    done
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use contract::{Kind, Problem};

    use super::{EVEN_AFTER, evenly};

    #[actix_web::test]
    async fn nothing_to_do_something_to_do_and_a_refusal_are_answered_no_sooner_than_each_other() {
        let nothing = async { Ok(()) };
        let something = async {
            tokio::time::sleep(EVEN_AFTER / 2).await;
            Ok(())
        };
        let refusal = async { Err(Problem::new(Kind::Internal)) };
        let asked = Instant::now();
        let (nothing, something, refusal) = futures_util::join!(
            timed(asked, nothing),
            timed(asked, something),
            timed(asked, refusal),
        );
        for took in [nothing, something, refusal] {
            assert!(took >= EVEN_AFTER, "{took:?}");
        }
    }

    async fn timed(
        asked: Instant,
        work: impl Future<Output = Result<(), Problem>>,
    ) -> std::time::Duration {
        let _ = evenly(work).await;
        asked.elapsed()
    }
}
