import { assertEquals } from "@std/assert";
import { PROGRAMS, programsOf } from "../src/program.ts";

Deno.test("from a clone the programs are started by file and task", () => {
  const expected = { cli: "cli.ts", server: "deno task server" };
  assertEquals([PROGRAMS, programsOf("file:///home/ana/chat/src/program.ts")], [
    expected,
    expected,
  ]);
});

Deno.test("from JSR the programs are started by the entries of the same version", () => {
  assertEquals(programsOf("https://jsr.io/@parley/chat/0.1.0/src/program.ts"), {
    cli: "jsr:@parley/chat@0.1.0/cli",
    server: "deno run -NE jsr:@parley/chat@0.1.0/server",
  });
});

Deno.test("from anywhere else the programs are started by their addresses", () => {
  for (
    const root of ["https://example.org/parley/", "https://jsr.io/", "http://localhost:80/a/b/"]
  ) {
    assertEquals(programsOf(`${root}src/program.ts`), {
      cli: `${new URL(root)}cli.ts`,
      server: `deno run -NE ${new URL(root)}server.ts`,
    });
  }
});
