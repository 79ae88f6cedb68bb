//! T3: many write in one room, many read, and all see one order.

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::{Context, blocking};
use crate::checker::check;
use crate::crowd::{Crowd, join};
use crate::plan::Plan;
use crate::report::Verdict;

const SENDERS: usize = 50;
const READERS: usize = 100;
const PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let seconds = context.size(context.choose(10, 5), 120);
    let instance = blocking(|| context.instance(3))?;
    let cookies = blocking(|| join(instance.address(0), 1, SENDERS + READERS))?;
    let mut crowd = Crowd::new(context.seed);
    for (number, cookie) in cookies.iter().enumerate() {
        let mut plan = Plan::reader(
            format!("robot {number}"),
            instance.addresses(number),
            cookie,
        );
        plan.pause = (number < SENDERS).then_some(PAUSE);
        crowd.add(plan);
    }
    crowd.wait_until_subscribed().await?;
    sleep(Duration::from_secs(u64::try_from(seconds)?)).await;
    let outcome = crowd.finish(instance.place()).await?;
    let mut verdict = Verdict::of(format!(
        "{SENDERS} senders, {READERS} readers, {seconds} s{}",
        instance.spread()
    ));
    verdict.checked(&check(&outcome.history, &instance.place().read()?));
    verdict.figure(format!(
        "{} messages in {} views",
        outcome.history.sent.len(),
        outcome.history.views.len()
    ));
    Ok(verdict)
}
