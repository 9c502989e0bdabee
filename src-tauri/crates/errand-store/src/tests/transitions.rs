use errand_model::{Subject, Transition};

use super::*;
use crate::SubjectKind;

fn change(subject: Subject, to: &'static str) -> Transition {
    Transition { subject, from: "queued", to, reason: Reason::Admitted, text: "It was its turn.".into() }
}

#[tokio::test]
async fn the_feed_has_a_cursor_and_each_task_its_timeline() {
    let (_folder, store) = fresh();
    let (one, two) = (id("bold-falcon-427"), id("calm-otter-101"));
    store
        .write(move |tx| {
            tx.transitions().record((1, &one), &change(Subject::Task, "running"), at(1))?;
            tx.transitions().record((2, &two), &change(Subject::Question(3), "open"), at(2))?;
            tx.transitions().record((1, &one), &change(Subject::Run(run_id(9)), "starting"), at(3))
        })
        .await
        .unwrap();
    let read = store.read(move |reader| {
        let feed = reader.transitions();
        Ok((feed.after(1, 10)?, feed.of_task(1)?, feed.oldest()?, feed.latest()?))
    });
    let (after, timeline, oldest, latest) = read.await.unwrap();
    assert_eq!(after.iter().map(|change| change.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((after[0].subject, after[0].subject_id.as_str()), (SubjectKind::Question, "q3"));
    assert_eq!(timeline.iter().map(|change| change.at).collect::<Vec<_>>(), [at(1), at(3)]);
    assert_eq!(timeline[1].subject_id, run_id(9).to_string());
    assert_eq!((oldest, latest), (Some(1), 3));
}

#[tokio::test]
async fn trimming_takes_the_oldest_and_no_number_comes_twice() {
    let (_folder, store) = fresh();
    let trimmed = store.write(|tx| {
        for n in 1..=10 {
            tx.transitions().record((1, &id("bold-falcon-427")), &change(Subject::Task, "running"), at(n))?;
        }
        assert_eq!(tx.transitions().trim(at(7), 4)?, 4);
        assert_eq!(tx.transitions().trim(at(7), 4)?, 2);
        assert_eq!(tx.transitions().oldest()?, Some(7));
        assert_eq!(tx.transitions().trim(at(99), 99)?, 3, "the newest stays");
        tx.transitions().record((1, &id("bold-falcon-427")), &change(Subject::Task, "running"), NOW)
    });
    assert_eq!(trimmed.await.unwrap(), 11);
}
