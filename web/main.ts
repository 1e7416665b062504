// This module runs in browsers.

/// <reference lib="dom" />
/**
 * The script of the page, and of pages that embed it: defines the element.
 *
 * @module
 */

import { ParleyChat } from "./element.ts";

if (customElements.get("parley-chat") === undefined) {
  customElements.define("parley-chat", ParleyChat);
}
