/**
 * The page for a person who opens the chat's address in a browser: `<parley-chat>`, its script, its
 * style and its icons. All of them are at the path of the chat, told apart by what stands behind
 * `?`, so that an app which hands that one path on has them too.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { PAGE_FILES } from "./page_files.ts";

/** A file as it is sent. */
interface PageFile {
  /** Compressed with gzip. */
  packed: Uint8Array<ArrayBuffer>;
  type: string;
}

const TYPES: Record<string, string> = {
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
  html: "text/html",
};

const HTML = "page.html";

/** The script under a name that stays: for pages of others, which embed the chat. */
const EMBEDDED = "chat.js";

const YEAR_S = 31_536_000;
const MINUTES_S = 300;

/** Something that asks for a file: a word, a dot and an ending. */
const FILE = /^\?([\w-]+\.(?:js|css|svg))$/;

/** The files of the page, by the names that they are served under; read once, at the first request. */
let files: Map<string, PageFile> | undefined;

/**
 * Answers a request for the page or one of its files, by the query of the address; undefined for a
 * query that names none where `isPerson` is false. `frameAncestors` may show the page in a frame.
 */
export function pageResponse(
  query: string,
  isPerson: boolean,
  acceptsGzip: boolean,
  frameAncestors: readonly string[],
): Response | undefined {
  files ??= readFiles();
  const name = FILE.exec(query)?.[1];
  if (name === undefined && !isPerson) return undefined;
  const file = files.get(name ?? HTML);
  if (file === undefined) return new Response("Not found\n", { status: 404 });
  const headers = new Headers({
    "content-type": `${file.type}; charset=utf-8`,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "vary": "accept, accept-encoding",
  });
  if (name === undefined) {
    headers.set("cache-control", "no-cache");
    headers.set("content-security-policy", policyOf(frameAncestors));
  } else {
    const age = name === EMBEDDED ? `${MINUTES_S}` : `${YEAR_S}, immutable`;
    headers.set("cache-control", `public, max-age=${age}`);
    // Pages of others load the script as a module, which asks for leave.
    headers.set("access-control-allow-origin", "*");
    headers.set("cross-origin-resource-policy", "cross-origin");
  }
  if (!acceptsGzip) return new Response(new Uint8Array(gunzipSync(file.packed)), { headers });
  headers.set("content-encoding", "gzip");
  return new Response(file.packed, { headers });
}

/** The rules for the page: its own script and style, its own server, and no text that becomes code. */
function policyOf(frameAncestors: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${frameAncestors.length === 0 ? "'none'" : frameAncestors.join(" ")}`,
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

function readFiles(): Map<string, PageFile> {
  const found = new Map<string, PageFile>();
  for (const [name, text] of Object.entries(PAGE_FILES)) {
    const packed = new Uint8Array(Buffer.from(text, "base64"));
    const [stem, ending = ""] = name.split(".");
    const file = { packed, type: TYPES[ending]! };
    found.set(name, file);
    if (stem!.startsWith("chat-")) found.set(EMBEDDED, file);
  }
  return found;
}
