use super::*;
use crate::{LogLimits, LogRecord, LogRun, LogSlice, LogStart, Stream};

fn run(name: &str, n: u32) -> LogRun {
    LogRun { task: id(name), run: run_id(u128::from(n)), n }
}

fn out(bytes: impl Into<Vec<u8>>) -> LogRecord {
    LogRecord { stream: Stream::Out, at: NOW, bytes: bytes.into() }
}

fn small(folder: &Path) -> Store {
    let logs = LogLimits { head: 1 << 20, tail: 3 << 20, total: 10 << 20, in_flight: 1 << 20 };
    Store::open(Options { logs, ..Options::new(folder) }, NOW).unwrap().store
}

async fn read(store: &Store, name: &str, start: LogStart, limit: u32) -> LogSlice {
    store.logs().read(&id(name), start, limit).await.unwrap()
}

fn text(slice: &LogSlice) -> Vec<String> {
    slice.lines.iter().map(|line| String::from_utf8_lossy(&line.bytes).into_owned()).collect()
}

#[tokio::test]
async fn lines_have_numbers_and_can_be_read_from_any_of_them() {
    let (_folder, store) = fresh();
    let logs = store.logs();
    let (first, second) = (run("bold-falcon-427", 1), run("bold-falcon-427", 2));
    logs.append(&first, vec![out("one\ntwo\n"), LogRecord { stream: Stream::Err, ..out("three\n") }]).await;
    logs.append(&first, vec![out("four\nfi")]).await;
    logs.append(&second, vec![out("again\n")]).await;
    logs.flush().await;

    let all = read(&store, "bold-falcon-427", LogStart::From(0), 100).await;
    assert_eq!(text(&all), ["one\n", "two\n", "three\n", "four\n", "fi", "again\n"]);
    assert_eq!(all.lines.iter().map(|line| line.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!((all.lines[2].stream, all.lines[2].run, all.lines[5].run), (Stream::Err, 1, 2));
    assert_eq!((all.next, all.left_out), (7, 0));

    let page = read(&store, "bold-falcon-427", LogStart::From(2), 2).await;
    assert_eq!((text(&page), page.next), (vec!["two\n".to_owned(), "three\n".to_owned()], 4));
    let tail = read(&store, "bold-falcon-427", LogStart::Tail, 2).await;
    assert_eq!((text(&tail), tail.next), (vec!["fi".to_owned(), "again\n".to_owned()], 7));
    let end = read(&store, "bold-falcon-427", LogStart::From(7), 2).await;
    assert_eq!((end.lines.len(), end.next), (0, 7));
    assert_eq!(
        read(&store, "calm-otter-101", LogStart::Tail, 2).await,
        LogSlice { next: 1, ..LogSlice::default() }
    );
}

#[tokio::test]
async fn numbers_never_come_twice_even_if_an_older_run_speaks_again() {
    let (_folder, store) = fresh();
    for n in [1, 2, 1, 2, 2, 1] {
        store.logs().append(&run("bold-falcon-427", n), vec![out(format!("from {n}\n"))]).await;
        store.logs().flush().await;
    }
    let all = read(&store, "bold-falcon-427", LogStart::From(0), 100).await;
    let seen: Vec<_> = all.lines.iter().map(|line| (line.seq, line.run)).collect();
    assert_eq!(seen, [(1, 1), (2, 2), (3, 1), (4, 2), (5, 2), (6, 1)]);
}

#[tokio::test]
async fn single_lines_are_joined_and_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let line = "x".repeat(999) + "\n";
    for _ in 0..300 {
        store.logs().append(&run("bold-falcon-427", 1), vec![out(line.as_str())]).await;
        store.logs().flush().await;
    }
    let conn = crate::connect::reader(&folder.path().join("logs.db")).unwrap();
    let chunks: i64 = conn.query_row("SELECT count(*) FROM chunk", [], |row| row.get(0)).unwrap();
    assert!(chunks < 75, "{chunks} rows for 300 lines");
    drop(conn);
    store.close();

    let store = open(folder.path());
    store.logs().append(&run("bold-falcon-427", 1), vec![out("last\n")]).await;
    store.logs().flush().await;
    let slice = read(&store, "bold-falcon-427", LogStart::From(0), 1_000).await;
    assert_eq!(slice.lines.len(), 301);
    assert!(slice.lines.iter().map(|line| line.seq).eq(1..=301));
}

#[tokio::test]
async fn of_a_flood_the_beginning_and_the_end_are_kept_and_the_gap_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let store = small(folder.path());
    let run = run("bold-falcon-427", 1);
    let line = format!("{}\n", "y".repeat(99));
    let block = line.repeat(1_000);
    for _ in 0..400 {
        store.logs().append(&run, vec![out(block.as_str())]).await;
    }
    store.logs().flush().await;
    assert_eq!(store.logs().dropped(), 0);

    let start = read(&store, "bold-falcon-427", LogStart::From(0), 5).await;
    assert_eq!(start.lines[0].seq, 1);
    let total = 40_000_000;
    let kept = total - start.left_out;
    // Of 103 bytes that a line takes 100 are its own.
    assert!(((4 << 20) * 100 / 103..(4 << 20) + 300_000).contains(&kept), "{kept}");

    let (mut from, mut gaps, mut seen, mut last) = (0, Vec::new(), 0, 0);
    loop {
        let slice = read(&store, "bold-falcon-427", LogStart::From(from), 5_000).await;
        if slice.lines.is_empty() {
            break;
        }
        for line in &slice.lines {
            seen += line.bytes.len() as u64;
            if line.left_out_before > 0 {
                gaps.push((line.left_out_before, (line.seq - last - 1) * 100));
            } else {
                assert_eq!(line.seq, last + 1);
            }
            last = line.seq;
        }
        from = slice.next;
    }
    assert_eq!((seen, last), (kept, 400_000));
    assert_eq!(gaps, [(start.left_out, start.left_out)], "one gap, and the hole in the numbers fits");
    assert!(crate::files::length(&folder.path().join("logs.db")) < 12 << 20);
}

#[tokio::test]
async fn a_flood_of_empty_lines_is_bounded_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = small(folder.path());
    let run = run("bold-falcon-427", 1);
    let block = "\n".repeat(60_000);
    for _ in 0..200 {
        store.logs().append(&run, vec![out(block.as_str())]).await;
    }
    store.logs().flush().await;
    let start = read(&store, "bold-falcon-427", LogStart::From(0), 5).await;
    let tail = read(&store, "bold-falcon-427", LogStart::Tail, 5).await;
    assert_eq!((start.lines[0].seq, tail.next), (1, 12_000_001));
    let kept = 12_000_000 - start.left_out;
    assert!(((4 << 20) / 4..(4 << 20) / 4 + 75_000).contains(&kept), "{kept}");
    assert!(crate::files::length(&folder.path().join("logs.db")) < 12 << 20);
}

#[tokio::test]
async fn one_line_of_fifty_megabytes_is_split() {
    let folder = tempfile::tempdir().unwrap();
    let store = small(folder.path());
    store.logs().append(&run("bold-falcon-427", 1), vec![out(vec![b'z'; 50 << 20])]).await;
    store.logs().append(&run("bold-falcon-427", 1), vec![out("end\n")]).await;
    let tail = store.logs().tail_text(run_id(1), 100).await.unwrap();
    assert!(tail.output.ends_with(b"zzend\n") && tail.output.len() == 100);
    assert_eq!(tail.left_out, (50 << 20) + 4 - 100);
    let slice = read(&store, "bold-falcon-427", LogStart::Tail, 3).await;
    assert_eq!(slice.lines.iter().map(|line| line.bytes.len()).collect::<Vec<_>>(), [16_384, 16_384, 4]);
}

#[tokio::test]
async fn the_oldest_runs_give_way_to_the_total() {
    let folder = tempfile::tempdir().unwrap();
    let store = small(folder.path());
    let block = format!("{}\n", "w".repeat(1_023)).repeat(1_024);
    for n in 1..=20 {
        for _ in 0..2 {
            store.logs().append(&run(&format!("bold-falcon-{n}"), n), vec![out(block.as_str())]).await;
        }
    }
    store.logs().flush().await;
    let oldest = read(&store, "bold-falcon-1", LogStart::From(0), 10).await;
    assert_eq!((oldest.lines.len(), oldest.left_out), (0, 2 << 20));
    let newest = read(&store, "bold-falcon-20", LogStart::From(0), 10_000).await;
    assert_eq!((newest.lines.len(), newest.left_out), (2_048, 0));
    assert!(crate::files::length(&folder.path().join("logs.db")) < 15 << 20);
}

#[tokio::test]
async fn the_tail_of_a_run_keeps_the_streams_apart() {
    let (_folder, store) = fresh();
    let record = |stream, text: &str| LogRecord { stream, ..out(text) };
    let records = vec![
        record(Stream::Out, "one\n"),
        record(Stream::Note, "said by Errand\n"),
        record(Stream::Err, "oh\n"),
        record(Stream::Out, "two\n"),
    ];
    store.logs().append(&run("bold-falcon-427", 1), records).await;
    let tail = store.logs().tail_text(run_id(1), 6).await.unwrap();
    assert_eq!((tail.output.as_slice(), tail.errors.as_slice()), (&b"e\ntwo\n"[..], &b"oh\n"[..]));
    assert_eq!(tail.left_out, 2);
    assert_eq!(store.logs().tail_text(run_id(7), 6).await.unwrap(), crate::RunTail::default());
}

#[tokio::test]
async fn a_follower_hears_of_its_task_only() {
    let (_folder, store) = fresh();
    let mut mine = store.logs().follow(&id("bold-falcon-427"));
    let mut other = store.logs().follow(&id("calm-otter-101"));
    store.logs().append(&run("bold-falcon-427", 1), vec![out("a\nb\n")]).await;
    mine.changed().await.unwrap();
    assert_eq!(*mine.borrow_and_update(), 3);
    assert!(!other.has_changed().unwrap());
    assert_eq!(*other.borrow_and_update(), 0);
}

#[tokio::test]
async fn what_is_forgotten_is_gone() {
    let (_folder, store) = fresh();
    store.logs().append(&run("bold-falcon-427", 1), vec![out("a\n")]).await;
    store.logs().append(&run("calm-otter-101", 2), vec![out("b\n")]).await;
    store.logs().forget(&id("bold-falcon-427"));
    store.logs().flush().await;
    assert_eq!(read(&store, "bold-falcon-427", LogStart::Tail, 5).await.lines, []);
    assert_eq!(read(&store, "calm-otter-101", LogStart::Tail, 5).await.lines.len(), 1);
}

#[tokio::test]
async fn without_a_place_for_logs_output_is_counted_and_tasks_go_on() {
    let folder = tempfile::tempdir().unwrap();
    // A folder of that name cannot be opened, nor replaced by deleting a file.
    std::fs::create_dir_all(folder.path().join("logs.db/inside")).unwrap();
    let opened = Store::open(Options::new(folder.path()), NOW).unwrap();
    let store = opened.store;
    store.logs().append(&run("bold-falcon-427", 1), vec![out("lost\n")]).await;
    store.logs().flush().await;
    assert_eq!(store.status().log_bytes_dropped, 5);
    store.write(|tx| insert(tx, &task("bold-falcon-427"), "make")).await.unwrap();

    std::fs::remove_dir_all(folder.path().join("logs.db")).unwrap();
    store.logs().append(&run("bold-falcon-427", 1), vec![out("kept\n")]).await;
    store.logs().flush().await;
    let slice = read(&store, "bold-falcon-427", LogStart::Tail, 5).await;
    assert_eq!((text(&slice), slice.left_out), (vec!["kept\n".to_owned()], 5));
}
