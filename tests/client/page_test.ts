import { assertEquals } from "@std/assert";
import { isHidden, listenToPage } from "../../src/client/page.ts";
import { FakePage } from "./fake_page.ts";

const pure = { permissions: "none" } as const;

/** Listens, and keeps what is told. */
function listening() {
  const told: unknown[] = [];
  const listening = new AbortController();
  listenToPage(
    {
      nudge: () => void told.push("woken"),
      doubt: () => void told.push("offline"),
      pause: (forMs) => void told.push(["stopped", forMs]),
    },
    () => void told.push("ended"),
    listening.signal,
  );
  return { told, stop: () => listening.abort() };
}

function everything(page: FakePage): void {
  for (const type of ["online", "pageshow", "offline"]) page.window(type);
  for (const type of ["visibilitychange", "resume", "freeze"]) page.document(type);
  page.window("pagehide", { persisted: true });
  page.window("pagehide", { persisted: false });
}

Deno.test("a page tells what changes, and what stops and ends it", pure, () => {
  using page = new FakePage();
  const { told, stop } = listening();
  everything(page);
  assertEquals(told, [
    "woken",
    "woken",
    "offline",
    "woken",
    "woken",
    ["stopped", undefined],
    ["stopped", 600_000],
    "ended",
  ]);
  stop();
  everything(page);
  assertEquals(told.length, 8);
});

Deno.test("a page that is hidden tells nothing, which it is too when it ends", pure, () => {
  using page = new FakePage();
  const { told, stop } = listening();
  page.show("hidden");
  assertEquals(told, []);
  page.show("visible");
  assertEquals(told, ["woken"]);
  stop();
});

Deno.test("where there is no document the events of the window are heard", pure, () => {
  const { told, stop } = listening();
  for (let i = 0; i < 2; i++) {
    globalThis.dispatchEvent(new Event("offline"));
    stop();
  }
  assertEquals([told, isHidden()], [["offline"], false]);
});

Deno.test("where there are no events nothing is heard", pure, () => {
  const { addEventListener } = globalThis;
  // As in Node.
  Object.assign(globalThis, { addEventListener: undefined });
  try {
    listening().stop();
  } finally {
    Object.assign(globalThis, { addEventListener });
  }
});

Deno.test("a page is hidden when nobody can see it", pure, () => {
  using page = new FakePage();
  const seen = [isHidden()];
  page.show("hidden");
  assertEquals([...seen, isHidden()], [false, true]);
});
