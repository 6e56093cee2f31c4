/** Requests that may be open at once, and questions that the hook may be at when another is taken. */
export const MAX_CALLS = 4096;
/** Characters and bytes that they may hold together. */
export const MAX_HELD = 32 * 1024 * 1024;
