use std::time::Duration;

use errand_base::{Code, TaskId};
use errand_wire::{Event, Feed, PROTOCOL, Role, TaskRef, command};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

use super::Client;

/// The other end of the line, played by the test.
struct Engine {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Engine {
    fn on(stream: UnixStream) -> Engine {
        let (reader, writer) = stream.into_split();
        Engine { reader: BufReader::new(reader), writer }
    }

    async fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).await.unwrap();
        if line.is_empty() { Value::Null } else { serde_json::from_str(&line).unwrap() }
    }

    async fn say(&mut self, frame: Value) {
        self.writer.write_all(format!("{frame}\n").as_bytes()).await.unwrap();
    }

    async fn greet(&mut self) {
        let hello = self.hear().await;
        assert_eq!(hello["protocol"], PROTOCOL);
        assert_eq!(hello["role"], "terminal");
        self.say(json!({"protocol": PROTOCOL, "version": "0.0.9", "pid": 7, "headless": true})).await;
    }
}

async fn pair() -> (Client, Engine) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut engine = Engine::on(theirs);
    let (client, ()) = tokio::join!(Client::over(ours, Role::Terminal), engine.greet());
    (client.unwrap(), engine)
}

async fn greeted_with(line: &'static str) -> errand_base::Fault {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut engine = Engine::on(theirs);
    let (client, ()) = tokio::join!(Client::over(ours, Role::Terminal), async {
        engine.hear().await;
        engine.writer.write_all(line.as_bytes()).await.unwrap();
        engine.writer.shutdown().await.unwrap();
    });
    client.unwrap_err()
}

fn up_to_date(cursor: i64) -> Value {
    json!({"event": "up_to_date", "cursor": cursor})
}

#[tokio::test]
async fn replies_find_their_calls_in_any_order() {
    let (client, mut engine) = pair().await;
    let other = client.clone();
    let serve = async {
        let first = engine.hear().await["call"].clone();
        let second = engine.hear().await["call"].clone();
        for call in [second, first] {
            engine.say(json!({"ok": {"id": call["id"], "value": call["params"]}})).await;
        }
    };
    let (a, b, ()) = tokio::join!(client.call_raw("one", json!(1)), other.call_raw("two", json!(2)), serve);
    assert_eq!((a.unwrap(), b.unwrap()), (json!(1), json!(2)));
}

#[tokio::test]
async fn an_error_keeps_its_code_and_an_unknown_code_its_sentence() {
    let (client, mut engine) = pair().await;
    let serve = async {
        for code in ["task_not_found", "invented_later"] {
            let id = engine.hear().await["call"]["id"].clone();
            engine.say(json!({"error": {"id": id, "error": {"code": code, "message": "No such.", "hint": "Look."}}})).await;
        }
    };
    let ask = async {
        let known = client.call::<command::Show>(TaskRef { task: "x".into() }).await.unwrap_err();
        let foreign = client.call_raw("show", json!({})).await.unwrap_err();
        assert_eq!((known.code, known.hint.as_str()), (Code::TaskNotFound, "Look."));
        assert_eq!((foreign.code, foreign.message.as_str()), (Code::Internal, "No such."));
    };
    tokio::join!(ask, serve);
}

#[tokio::test]
async fn two_subscriptions_and_a_call_share_the_connection() {
    let (client, mut engine) = pair().await;
    let mut changes = client.subscribe(Feed::Changes { cursor: None });
    let mut log = client.subscribe(Feed::Log { task: TaskId::random(), from: 3 });
    let serve = async {
        let first = engine.hear().await["subscribe"].clone();
        let second = engine.hear().await["subscribe"].clone();
        assert_eq!((&first["feed"]["feed"], &second["feed"]["from"]), (&json!("changes"), &json!(3)));
        let call = engine.hear().await["call"].clone();
        engine.say(json!({"event": {"id": second["id"], "event": {"event": "log_end"}}})).await;
        engine.say(json!({"end": {"id": second["id"]}})).await;
        engine
            .say(json!({"event": {"id": first["id"], "event": {"event": "from_the_future", "x": 1}}}))
            .await;
        engine.say(json!({"event": {"id": first["id"], "event": up_to_date(9)}})).await;
        engine.say(json!({"ok": {"id": call["id"], "value": null}})).await;
        first["id"].clone()
    };
    let (reply, id) = tokio::join!(client.call_raw("status", json!({})), serve);
    assert_eq!(reply, Ok(Value::Null));
    assert_eq!(changes.next().await, Some(Ok(Event::UpToDate { cursor: 9 })));
    assert_eq!(log.next().await, Some(Ok(Event::LogEnd)));
    assert_eq!((log.next().await, log.next().await), (None, None));
    drop(log);
    drop(changes);
    assert_eq!(engine.hear().await, json!({"unsubscribe": {"id": id}}), "only the open one is given back");
}

#[tokio::test]
async fn a_refused_subscription_says_so_once() {
    let (client, mut engine) = pair().await;
    let mut log = client.subscribe(Feed::Log { task: TaskId::random(), from: 0 });
    let id = engine.hear().await["subscribe"]["id"].clone();
    engine
        .say(json!({"error": {"id": id, "error": {"code": "task_not_found", "message": "m", "hint": "h"}}}))
        .await;
    assert_eq!(log.next().await.unwrap().unwrap_err().code, Code::TaskNotFound);
    assert_eq!(log.next().await, None);
}

#[tokio::test]
async fn losing_the_engine_ends_every_call_and_subscription() {
    let (client, mut engine) = pair().await;
    let mut changes = client.subscribe(Feed::Changes { cursor: Some(1) });
    let lose = async {
        engine.hear().await;
        engine.hear().await;
        engine.hear().await;
        engine.writer.write_all(b"{\"ok\":{\"id\":").await.unwrap();
        drop(engine);
    };
    let (a, b, ()) = tokio::join!(client.call_raw("a", json!({})), client.call_raw("b", json!({})), lose);
    assert_eq!(
        (a.unwrap_err().code, b.unwrap_err().code),
        (Code::EngineUnreachable, Code::EngineUnreachable)
    );
    assert_eq!(changes.next().await.unwrap().unwrap_err().code, Code::EngineUnreachable);
    assert_eq!(changes.next().await, None);
    client.closed().await;
    let later = client.call_raw("c", json!({})).await.unwrap_err();
    assert_eq!(later.code, Code::EngineUnreachable);
    let mut late = client.subscribe(Feed::Changes { cursor: None });
    assert_eq!(late.next().await.unwrap().unwrap_err().code, Code::EngineUnreachable);
}

#[tokio::test]
async fn an_endless_line_and_garbage_end_the_connection() {
    let (client, mut engine) = pair().await;
    let flood = async {
        engine.hear().await;
        let part = vec![b'x'; 1024 * 1024];
        // Fails as soon as the client has had enough, which is the point.
        for _ in 0..20 {
            if engine.writer.write_all(&part).await.is_err() {
                break;
            }
        }
    };
    let (reply, ()) = tokio::join!(client.call_raw("list", json!({})), flood);
    assert!(reply.unwrap_err().message.contains("16 MiB"));

    for garbage in ["\n", "not json\n", "{\"ok\":{}}\n", "[1]\n", "{\"event\":{\"id\":1}}\n", "\u{feff}{}\n"]
    {
        let (client, mut engine) = pair().await;
        let talk = async {
            engine.hear().await;
            engine.writer.write_all(garbage.as_bytes()).await.unwrap();
        };
        let (reply, ()) = tokio::join!(client.call_raw("list", json!({})), talk);
        assert_eq!(reply.unwrap_err().code, Code::EngineUnreachable, "{garbage:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_here() {
    let (client, mut engine) = pair().await;
    let fault = client.call_raw("run", json!("x".repeat(17 * 1024 * 1024))).await.unwrap_err();
    assert_eq!(fault.code, Code::BadUsage);
    let serve = async {
        let call = engine.hear().await["call"].clone();
        engine.say(json!({"ok": {"id": call["id"], "value": 1}})).await;
    };
    let (reply, ()) = tokio::join!(client.call_raw("status", json!({})), serve);
    assert_eq!(reply, Ok(json!(1)), "the connection is still good");
}

#[tokio::test]
async fn a_full_subscription_holds_the_engine_back_and_loses_nothing() {
    let (client, mut engine) = pair().await;
    let mut changes = client.subscribe(Feed::Changes { cursor: None });
    let id = engine.hear().await["subscribe"]["id"].clone();
    let talk = tokio::spawn(async move {
        for n in 0..5_000 {
            engine.say(json!({"event": {"id": id, "event": up_to_date(n)}})).await;
        }
        engine.say(json!({"end": {"id": id}})).await;
        engine
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut expected = 0;
    while let Some(event) = changes.next().await {
        assert_eq!(event, Ok(Event::UpToDate { cursor: expected }));
        expected += 1;
    }
    assert_eq!(expected, 5_000);
    talk.await.unwrap();
}

#[tokio::test]
async fn a_dropped_call_and_a_full_dropped_subscription_do_not_block_others() {
    let (client, mut engine) = pair().await;
    let given_up = tokio::time::timeout(Duration::from_millis(20), client.call_raw("wait", json!({}))).await;
    assert!(given_up.is_err());
    let call = engine.hear().await["call"]["id"].clone();
    let changes = client.subscribe(Feed::Changes { cursor: None });
    let feed = engine.hear().await["subscribe"]["id"].clone();
    let flood = async {
        for n in 0..1_000 {
            engine.say(json!({"event": {"id": feed, "event": up_to_date(n)}})).await;
        }
        engine.say(json!({"ok": {"id": call, "value": 1}})).await;
        assert_eq!(engine.hear().await["unsubscribe"]["id"], feed);
        let call = engine.hear().await["call"].clone();
        engine.say(json!({"ok": {"id": call["id"], "value": 2}})).await;
    };
    let ask = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(changes);
        client.call_raw("status", json!({})).await
    };
    let (reply, ()) = tokio::join!(ask, flood);
    assert_eq!(reply, Ok(json!(2)));
}

#[tokio::test]
async fn the_last_handle_closes_the_connection() {
    let (client, mut engine) = pair().await;
    let other = client.clone();
    let changes = client.subscribe(Feed::Changes { cursor: None });
    engine.hear().await;
    drop((client, other));
    assert!(
        tokio::time::timeout(Duration::from_millis(30), engine.hear()).await.is_err(),
        "a subscription holds it"
    );
    drop(changes);
    assert!(engine.hear().await["unsubscribe"].is_object());
    assert_eq!(engine.hear().await, Value::Null);
}

#[tokio::test]
async fn a_hello_of_another_protocol_is_explained() {
    let older = greeted_with("{\"protocol\":0,\"version\":\"0.0.1\",\"pid\":42}\n").await;
    assert_eq!(older.code, Code::VersionMismatch);
    assert!(older.message.contains("older") && older.message.contains("0.0.1"), "{older}");
    assert!(older.hint.contains("process 42"), "{}", older.hint);
    let newer = greeted_with("{\"protocol\":99,\"version\":\"9.0.0\"}\n").await;
    assert!(newer.message.contains("newer"), "{newer}");
    let said = greeted_with(
        "{\"error\":{\"id\":0,\"error\":{\"code\":\"quitting\",\"message\":\"m\",\"hint\":\"h\"}}}\n",
    )
    .await;
    assert_eq!(said.code, Code::Quitting);
    assert_eq!(greeted_with("").await.code, Code::EngineUnreachable);
    assert_eq!(greeted_with("HTTP/1.1 400 Bad Request\r\n\r\n").await.code, Code::VersionMismatch);
}

#[tokio::test]
async fn a_version_that_differs_is_only_noted() {
    let (client, _engine) = pair().await;
    assert!(client.version_note().is_some_and(|note| note.contains("0.0.9")));
    assert_eq!(super::hello::version_note(client.hello(), "0.0.9"), None);
}

#[tokio::test]
async fn no_socket_and_a_dead_socket_both_mean_no_engine() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    let missing = Client::connect(&socket, Role::Terminal).await.unwrap_err();
    drop(UnixListener::bind(&socket).unwrap());
    let stale = Client::connect(&socket, Role::Terminal).await.unwrap_err();
    for fault in [missing, stale] {
        assert_eq!(
            (fault.code, fault.hint.as_str()),
            (Code::EngineUnreachable, Code::EngineUnreachable.hint())
        );
    }
}

#[tokio::test]
async fn an_engine_that_never_answers_is_given_up() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let (reader, mut writer) = ours.into_split();
    let patience = Duration::from_millis(20);
    let hello =
        super::hello::exchange(&mut BufReader::new(reader), &mut writer, Role::Terminal, patience).await;
    assert_eq!(hello.unwrap_err().code, Code::EngineUnreachable);
}
