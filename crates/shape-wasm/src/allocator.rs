//! The allocator: a free list, a tenth of the size of the default one. Little is kept here for long.

#![cfg(target_arch = "wasm32")]

#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());
