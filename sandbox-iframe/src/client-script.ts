import { defineProperty } from "./primordials.ts";
import { install } from "./page.ts";

/** The first script of every page: defines the global sallyport. */
const api = install();
defineProperty(globalThis, "sallyport", { value: api, writable: false, enumerable: false, configurable: false });
