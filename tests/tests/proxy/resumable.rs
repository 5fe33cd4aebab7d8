//! Uploads in parts: an object exists only when all of it was judged.

use http::Method;
use seawall_e2e::{Answer, Request};

use crate::content::{png, svg};
use crate::front::Front;
use crate::stand_in::StandIn;

fn tus(request: Request) -> Request {
    request.header("tus-resumable", "1.0.0")
}

/// Begins an upload of so many bytes to `avatars/a.…`, and says where it goes on.
async fn begin(front: &Front, length: usize, object: &str) -> String {
    let answer = tus(front.request(Method::POST, "/storage/v1/upload/resumable"))
        .header("upload-length", &length.to_string())
        .header(
            "upload-metadata",
            &format!("bucketName YXZhdGFycw==,objectName {object}"),
        )
        .send()
        .await
        .expect(201);
    let location = answer.headers["location"].to_str().unwrap();
    assert!(
        location.starts_with(&format!("http://{}/", front.address())),
        "{location}"
    );
    location
        .split_once(&front.address().to_string())
        .unwrap()
        .1
        .to_owned()
}

async fn part(front: &Front, path: &str, at: usize, bytes: &[u8]) -> Answer {
    tus(front.request(Method::PATCH, path))
        .header("upload-offset", &at.to_string())
        .body("application/offset+octet-stream", bytes.to_vec())
        .send()
        .await
}

const PNG: &str = "YS5wbmc=";
const SVG: &str = "YS5zdmc=";

#[tokio::test]
async fn an_honest_upload_arrives_part_by_part() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let content = png();
    let path = begin(&front, content.len(), PNG).await;
    let middle = content.len() / 2;
    assert_eq!(part(&front, &path, 0, &content[..middle]).await.status, 204);
    let head = tus(front.request(Method::HEAD, &path)).send().await.expect(200);
    assert_eq!(head.headers["upload-offset"], middle.to_string().as_str());
    let last = part(&front, &path, middle, &content[middle..]).await.expect(204);
    assert_eq!(last.headers["upload-offset"], content.len().to_string().as_str());
}

#[tokio::test]
async fn a_stranger_who_may_not_end_an_upload_does_not() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let content = png();
    let path = begin(&front, content.len(), PNG).await;
    let middle = content.len() / 2;
    part(&front, &path, 0, &content[..middle]).await.expect(204);
    let stranger = tus(front.request(Method::DELETE, &path)).header("x-stranger", "1");
    stranger.send().await.expect(403);
    part(&front, &path, middle, &content[middle..]).await.expect(204);
    tus(front.request(Method::DELETE, &path)).send().await.expect(204);
}

#[tokio::test]
async fn the_last_part_does_not_go_on_if_the_whole_is_refused() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let content = svg("<path d=\"M0 0\"/><script>alert(1)</script>");
    let path = begin(&front, content.len(), SVG).await;
    let middle = content.len() - 20;
    part(&front, &path, 0, &content[..middle]).await.expect(204);
    let answer = part(&front, &path, middle, &content[middle..]).await.expect(422);
    assert_eq!(answer.code(), "SEAWALL_UPLOAD_SCRIPT");
    let last = upstream.last();
    assert_eq!(last.method, Method::DELETE);
    assert_eq!(
        part(&front, &path, middle, &content[middle..])
            .await
            .expect(409)
            .code(),
        "SEAWALL_UPLOAD_OFFSET"
    );
}

#[tokio::test]
async fn what_the_upstream_has_taken_cannot_be_written_over() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let bad = svg("<script>alert(1)</script>");
    let path = begin(&front, bad.len(), SVG).await;
    part(&front, &path, 0, &bad[..50]).await.expect(204);
    // The same bytes again, made harmless: the upstream would keep the first ones.
    let harmless = svg("<script_>alert(1)</script>");
    let again = part(&front, &path, 0, &harmless[..50]).await.expect(409);
    assert_eq!(again.code(), "SEAWALL_UPLOAD_OFFSET");
    part(&front, &path, 50, &bad[50..]).await.expect(422);
}

#[tokio::test]
async fn an_upload_that_began_elsewhere_begins_again() {
    let upstream = StandIn::start().await;
    let (here, elsewhere) = (Front::before(&upstream).await, Front::before(&upstream).await);
    let content = png();
    let path = begin(&elsewhere, content.len(), PNG).await;
    part(&here, &path, 0, &content[..10]).await.expect(409);
    tus(here.request(Method::HEAD, &path)).send().await.expect(404);
}

#[tokio::test]
async fn a_whole_that_is_too_large_does_not_begin() {
    let upstream = StandIn::start().await;
    let front = Front::configured(&upstream.url(), &[("SEAWALL_UPLOAD_LIMIT", "2048")]).await;
    let answer = tus(front.request(Method::POST, "/storage/v1/upload/resumable"))
        .header("upload-length", "2049")
        .send()
        .await;
    assert_eq!(answer.expect(413).code(), "SEAWALL_UPLOAD_TOO_LARGE");
    let answer =
        tus(front.request(Method::POST, "/storage/v1/upload/resumable")).header("upload-defer-length", "1");
    assert_eq!(
        answer.send().await.expect(403).code(),
        "SEAWALL_UPLOAD_UNSUPPORTED"
    );
    assert!(upstream.seen().is_empty());
}
