import { assertEquals } from "@std/assert";
import { WEBHOOK_LISTS } from "../../src/daemon/flags/webhook_flags.ts";
import { ServerProcess } from "../../bench/server_process.ts";
import { connect } from "../../client.ts";
import { signalIfRunning } from "../support/child.ts";
import { PERMITTED } from "../support/permissions.ts";
import { until } from "../support/waiting.ts";
import { SECRET } from "../support/webhook_receiver.ts";

const ROOT = new URL("../../", import.meta.url);
const PAGE = PERMITTED ? Deno.readTextFileSync(new URL("docs/webhooks.md", ROOT)) : "";

Deno.test(
  "the receiver of docs/webhooks.md is told what happens",
  { ignore: !PERMITTED },
  async () => {
    const [, code = ""] = /```ts\n(.*?)```/s.exec(PAGE) ?? [];
    const folder = await Deno.makeTempDir();
    try {
      await Deno.mkdir(`${folder}/data`);
      await Deno.writeTextFile(`${folder}/data/webhook-secret`, `${SECRET}\n`);
      const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = free.addr as Deno.NetAddr;
      free.close();
      await Deno.writeTextFile(
        `${folder}/receiver.ts`,
        code.replace("port: 9000", `port: ${port}`),
      );
      const receiver = new Deno.Command("sh", {
        args: ["-c", 'exec "$0" run -N -R=data receiver.ts > output', Deno.execPath()],
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).spawn();
      await using _ended = {
        async [Symbol.asyncDispose]() {
          signalIfRunning(receiver, "SIGTERM");
          await receiver.status;
        },
      };
      await using server = await ServerProcess.start({
        args: [
          ...["--webhook", `http://127.0.0.1:${port}/`, "--webhook-network", "127.0.0.1"],
          ...["--webhook-secret-file", `${folder}/data/webhook-secret`],
        ],
      });
      await using chat = await connect(server.url, { name: "Ana" });
      const room = await chat.createRoom("Lobby");
      await room.send("Hello");
      await room.leave();
      const output = () => Deno.readTextFileSync(`${folder}/output`);
      await until(() => output().includes("Ana leave"), output);
      assertEquals(output().split("\n").filter((line) => line.startsWith("Lobby")), [
        "Lobby: Ana join",
        "Lobby: Ana says Hello",
        "Lobby: Ana leave",
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("docs/webhooks.md has a row for each flag", { ignore: !PERMITTED }, () => {
  const rows = [...PAGE.matchAll(/^\| `--([\w-]+)/gm)].map(([, name]) => name);
  assertEquals(rows.toSorted(), [...WEBHOOK_LISTS, "webhook-secret-file"].toSorted());
});
