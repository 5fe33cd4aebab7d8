//! The numbers by which the package knows the cache's rules (`pkg/src/cache/rules.ts`).

use seawall_policy::class::{Category, Class, Service};
use seawall_store_wasm::Cache;
use wasm_bindgen_test::wasm_bindgen_test;

const NOW: f64 = 1.7e12;

fn kind(service: Service, class: Class) -> u8 {
    (service.code() << 3) | class.code()
}

#[wasm_bindgen_test]
fn parts_have_their_numbers() {
    let cache = Cache::new();
    let reads = kind(Service::Rest, Class::Reads);
    assert_eq!(cache.part(reads, "/rest/v1/t", "GET", true), 0);
    assert_eq!(
        cache.part(kind(Service::Rest, Class::Writes), "/rest/v1/t", "POST", true),
        1
    );
    assert_eq!(cache.part(reads, "/rest/v1/t", "GET", false), 2);
    assert_eq!(
        cache.part(kind(Service::Auth, Class::Auth), "/auth/v1/user", "GET", true),
        2
    );
    assert_eq!(cache.part(255, "/rest/v1/t", "GET", true), 2);
}

#[wasm_bindgen_test]
fn ages_and_plans_have_their_numbers() {
    let cache = Cache::new();
    let age = |millis: f64| cache.age(NOW - millis, NOW, "", 10.0, 20.0, 100.0);
    assert_eq!([age(0.0), age(10.0), age(30.0), age(100.0)], [0, 1, 2, 3]);
    let plan = |held, mode, online, troubled| cache.plan(held, mode, online, troubled);
    assert_eq!(plan(0, 0, true, false), 0, "serve what is fresh");
    assert_eq!(plan(1, 0, false, false), 1, "serve what is stale");
    assert_eq!(plan(1, 0, true, false), 2, "and revalidate");
    assert_eq!(plan(2, 0, true, false), 3, "fetch");
    assert_eq!(plan(2, 0, true, true), 4, "fetch briefly");
    assert_eq!(plan(3, 3, true, false), 5, "refuse");
    assert_eq!(plan(0, 2, true, false), 3, "reload");
}

#[wasm_bindgen_test]
fn replies_have_their_numbers() {
    let cache = Cache::new();
    let reply = |status, code, conditional| cache.judge(status, code, "", "", conditional);
    assert_eq!(
        [
            reply(200, "", false),
            reply(304, "", true),
            reply(403, "42501", false),
            reply(204, "", false)
        ],
        [0, 1, 2, 3]
    );
    assert_eq!(reply(503, "", false), 16 + Category::Server.code());
    assert!(cache.rescues(2, 0, Category::CircuitOpen.code()));
    assert!(!cache.rescues(3, 0, Category::CircuitOpen.code()));
    assert!(cache.may_have_written(0, Some(Category::Timeout.code())));
    assert!(!cache.may_have_written(409, None));
}

#[wasm_bindgen_test]
fn kinds_of_invalidation_have_their_numbers() {
    let slots_of = |cache: &Cache| {
        let owned = |name: &str| vec![name.to_owned()];
        cache.slots("key", "user", owned("table"), owned("tag"))
    };
    let meant = [
        (0, "key"),
        (1, "table"),
        (2, "tag"),
        (3, "*"),
        (4, "user"),
        (5, ""),
    ];
    for (kind, name) in meant {
        let mut cache = Cache::new();
        let since = cache.count();
        cache.forget(kind, name);
        assert!(!cache.allows(since, &slots_of(&cache)), "{name}");
        assert!(cache.allows(cache.count(), &slots_of(&cache)), "{name}");
    }
    let mut cache = Cache::new();
    cache.forget(6, "no such kind");
    assert_eq!(cache.count(), 0);
}

#[wasm_bindgen_test]
fn a_key_names_nobody_and_needs_an_address() {
    let cache = Cache::new();
    let key = |url: &str, who: &str| cache.key(true, "GET", url, "accept:application/json\n", who);
    let one = key("/rest/v1/t?a=eq.1&b=eq.2", "\"ada\"\n[]\nkey");
    assert_eq!(one.len(), 32);
    assert_eq!(one, key("/rest/v1/t?b=eq.2&a=eq.1", "\"ada\"\n[]\nkey"));
    assert_ne!(one, key("/rest/v1/t?a=eq.1&b=eq.2", "\"bob\"\n[]\nkey"));
    assert_eq!(key("rest/v1/t", "\"ada\"\n[]\nkey"), "");
    // The digest is SHA-256's first half.
    assert_eq!(cache.user("abc"), "ba7816bf8f01cfea414140de5dae2223");
}
