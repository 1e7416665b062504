import { assert } from "@std/assert";
import { gzipSync } from "node:zlib";
import { bundleClient } from "../support/bundle.ts";
import { PERMITTED } from "../support/permissions.ts";

/** The most bytes of the client, as README.md says. */
const MOST_BYTES = 8_192;

Deno.test({
  name: "the client is at most 8 KiB, bundled, minified and compressed",
  ignore: !PERMITTED,
  async fn() {
    const script = await bundleClient("--minify");
    const { length } = gzipSync(script, { level: 9 });
    assert(length <= MOST_BYTES, `${length} bytes`);
  },
});
