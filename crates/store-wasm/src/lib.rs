//! What touches disk or is rarely needed, loaded when first used.
