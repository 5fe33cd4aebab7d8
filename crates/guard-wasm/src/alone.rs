//! What the standard library would bring, for the module that is shipped without it.

#![cfg(all(feature = "alone", target_arch = "wasm32"))]

use core::panic::PanicInfo;

/// A free list: a tenth of the size of the default allocator, and a guard keeps few things.
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

/// Traps, and says nothing: a message would bring the machinery of formatting along.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
