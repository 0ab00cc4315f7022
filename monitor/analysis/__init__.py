"""Pure maths over the kernel's values: what is usual, what stands out, and why; knows no store and no clock."""
