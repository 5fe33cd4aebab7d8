//! The policy core's written scenarios, compiled to wasm32: the browser decides as the server does.

use seawall_policy::scenario;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn every_scenario_goes_as_written() {
    let mut deviations = Vec::new();
    for (name, text) in scenario::ALL {
        match scenario::run(text) {
            Ok(steps) => assert!(steps > 0, "{name} has no steps"),
            Err(deviation) => deviations.push(format!("{name}.txt {deviation}")),
        }
    }
    assert!(deviations.is_empty(), "\n{}", deviations.join("\n"));
}

/// The same random lives as natively: whatever happens, both sides decide alike.
#[wasm_bindgen_test]
fn random_lives_are_lived_as_natively() {
    for (seed, digest) in (0..).zip(scenario::LIVES.lines()) {
        assert_eq!(
            format!("{:016x}", scenario::life(seed)),
            digest,
            "the life of {seed}"
        );
    }
    assert_eq!(scenario::LIVES.lines().count(), 300);
}
