//! The fixtures do what tests rely on, or every test above them means nothing.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use seawall_e2e::{Database, FaultProxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MOMENT: Duration = Duration::from_millis(150);

async fn echo() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await
            });
        }
    });
    Ok(address)
}

async fn echoes(stream: &mut TcpStream) -> std::io::Result<bool> {
    stream.write_all(b"ping").await?;
    let mut answer = [0; 4];
    match tokio::time::timeout(MOMENT, stream.read_exact(&mut answer)).await {
        Ok(read) => read.map(|_| answer == *b"ping"),
        Err(_) => Ok(false),
    }
}

#[tokio::test]
async fn a_proxy_passes_stalls_and_passes_again() {
    let proxy = FaultProxy::start(echo().await.unwrap());
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(echoes(&mut stream).await.unwrap());
    proxy.stall();
    assert!(!echoes(&mut stream).await.unwrap());
    proxy.pass();
    let mut held_back = [0; 4];
    stream.read_exact(&mut held_back).await.unwrap();
    assert!(echoes(&mut stream).await.unwrap());
}

#[tokio::test]
async fn a_proxy_refuses_and_welcomes_again() {
    let proxy = FaultProxy::start(echo().await.unwrap());
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(echoes(&mut stream).await.unwrap());
    proxy.refuse();
    tokio::time::sleep(MOMENT).await;
    assert!(!echoes(&mut stream).await.unwrap_or(false));
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.pass();
    tokio::time::sleep(MOMENT).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(echoes(&mut stream).await.unwrap());
}

#[tokio::test]
async fn a_proxy_cuts_what_is_open_and_delays_what_passes() {
    let proxy = FaultProxy::start(echo().await.unwrap());
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(echoes(&mut stream).await.unwrap());
    proxy.cut();
    tokio::time::sleep(MOMENT).await;
    assert!(!echoes(&mut stream).await.unwrap_or(false));

    proxy.delay(Duration::from_millis(20));
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let started = Instant::now();
    assert!(echoes(&mut stream).await.unwrap());
    assert!(started.elapsed() >= Duration::from_millis(40));
}

#[tokio::test]
async fn databases_are_alike_and_apart() {
    let (one, other) = (Database::create().await, Database::create().await);
    one.run("delete from messages").await;
    assert_eq!(one.value("select count(*) from messages").await, "0");
    assert_eq!(other.value("select count(*) from messages").await, "7");
}
