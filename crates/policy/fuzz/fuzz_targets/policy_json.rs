//! A policy document from anybody: refused, or a policy that survives printing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seawall_policy::policy::Policy;

fuzz_target!(|text: &str| {
    match Policy::from_json(text) {
        Ok(policy) => {
            let printed = policy.to_json();
            let again = Policy::from_json(&printed).expect("what was printed is read");
            assert_eq!(again.to_json(), printed);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
