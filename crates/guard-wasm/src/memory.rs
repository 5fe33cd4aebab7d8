//! Two buffers that JavaScript reads and writes in place: numbers and letters.
//!
//! A call that needs more than its arguments finds it there, and a call that answers with more than one number leaves
//! it there. Each holds until the next call.

use spin::Mutex;
use wasm_bindgen::prelude::wasm_bindgen;

/// Enough for a value of every setting, and for any stored state.
pub const NUMBERS: usize = 256;

/// Enough for every header that is looked at, together with a path.
pub const LETTERS: usize = 4096;

static NUMBERS_BUFFER: Mutex<[f64; NUMBERS]> = Mutex::new([0.0; NUMBERS]);
static LETTERS_BUFFER: Mutex<[u8; LETTERS]> = Mutex::new([0; LETTERS]);

/// Where in memory the numbers begin.
#[wasm_bindgen]
#[must_use]
pub fn numbers() -> usize {
    NUMBERS_BUFFER.lock().as_ptr() as usize
}

/// Where in memory the letters begin.
#[wasm_bindgen]
#[must_use]
pub fn letters() -> usize {
    LETTERS_BUFFER.lock().as_ptr() as usize
}

/// Works on the numbers.
pub(crate) fn with_numbers<T>(work: impl FnOnce(&mut [f64; NUMBERS]) -> T) -> T {
    work(&mut NUMBERS_BUFFER.lock())
}

/// Leaves numbers for JavaScript; what does not fit is cut off.
pub(crate) fn leave(found: impl IntoIterator<Item = f64>) -> usize {
    with_numbers(|numbers| {
        let mut count = 0;
        for (place, number) in numbers.iter_mut().zip(found) {
            *place = number;
            count += 1;
        }
        count
    })
}

/// Reads the first letters as text; what is no text is empty.
pub(crate) fn with_text<T>(length: usize, work: impl FnOnce(&str) -> T) -> T {
    with_letters(length, |letters| {
        work(core::str::from_utf8(letters).unwrap_or_default())
    })
}

/// Reads the first letters.
pub(crate) fn with_letters<T>(length: usize, work: impl FnOnce(&[u8]) -> T) -> T {
    let letters = LETTERS_BUFFER.lock();
    work(letters.get(..length).unwrap_or_default())
}

/// Gives text as JavaScript would: for tests.
#[must_use]
pub fn write_text(text: &str) -> usize {
    let mut letters = LETTERS_BUFFER.lock();
    letters
        .iter_mut()
        .zip(text.bytes())
        .map(|(place, byte)| *place = byte)
        .count()
}

/// Gives numbers as JavaScript would: for tests.
pub fn write_numbers(given: &[f64]) -> usize {
    leave(given.iter().copied())
}

/// Reads a number as JavaScript would: for tests.
#[must_use]
pub fn number(index: usize) -> f64 {
    with_numbers(|numbers| numbers.get(index).copied().unwrap_or_default())
}
