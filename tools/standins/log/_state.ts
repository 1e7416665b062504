/**
 * State that `setup` leaves for `getLogger`.
 *
 * @module
 */
import type { BaseHandler } from "./base_handler.ts";
import type { Logger } from "./logger.ts";

/** Handlers in use, by name. */
export const handlers: Map<string, BaseHandler> = new Map();

/** Loggers by name. */
export const loggers: Map<string, Logger> = new Map();
