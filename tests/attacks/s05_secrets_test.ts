/**
 * Secrets, which a server is asked to repeat in every way, and its log.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { ChatClient } from "../../client.ts";
import { createChat } from "../../src/server/chat.ts";
import { tokenSigner } from "../../src/server/token_signer.ts";
import { report } from "../chaos/setting.ts";
import { type Frame, RawSocket } from "../support/fixtures.ts";
import { AUTH_SECRET, signWith } from "../support/issuer.ts";
import { type LogLine, recordingLogger } from "../support/recording_logger.ts";
import { hasSecret } from "../support/secrets.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { until } from "../support/waiting.ts";

const FOLDER = tempFolder();
const SECRET = "a secret of the server that is long enough";

Deno.test("secrets are found wherever they stand in a text", async () => {
  const sign = tokenSigner(SECRET);
  const secrets = [`abc.${sign("abc")}`, sign("room x"), await signWith(AUTH_SECRET, {})];
  for (const secret of secrets) {
    for (const text of [secret, `{"session":"${secret}"}`, `at /?x=${secret}&y`]) {
      assert(hasSecret(text), text);
    }
  }
  for (const text of ["k7q2-m9xd-4hwn-r3tc", "at file:///a/b/c.ts:1:2", "a".repeat(33), ""]) {
    assert(!hasSecret(text), text);
  }
});

/** All that a stranger can do to have a secret repeated: in right and wrong places, cut off, and in URLs. */
async function provoke(url: string, token: string): Promise<string[]> {
  const ana = await RawSocket.open(url, "parley.v1");
  const { session } = await ana.ask({ action: "hello", body: { token, name: "Ana" } });
  const made: Frame = await ana.ask({ action: "create", body: "Lobby" });
  const secrets = [token, String(session), String(made.room_token)];
  await ana.close();
  const back = await RawSocket.open(url, "parley.v1");
  for (const secret of secrets) {
    for (
      const frame of [
        { action: secret },
        { action: "hello", body: { session: { secret } } },
        { action: "hello", body: { session: `${secret}x` }, ref: secret },
        { action: "hello", body: { token: secret.slice(0, -1), name: secret } },
      ]
    ) back.send(frame);
    back.sendRaw(`{"action":"hello","body":{"session":"${secret}`);
  }
  back.send({ action: "hello", body: { session, token } });
  await back.until(({ status }) => status === "connected");
  back.send({
    action: "join",
    body: { room_id: "nowhere", room_name: "x", room_token: made.room_token },
  });
  back.send({ action: "join", body: { room_id: session } });
  back.send({ action: "auth", body: { token: `${token}x` } });
  await back.ask({ action: "ping", ref: "done" });
  await back.until(({ ref }) => ref === "done").catch(() => {});
  await back.close();
  const { host } = new URL(url);
  for (const secret of secrets) {
    for (const path of [`/?token=${secret}`, `/${secret}`, `/healthz?session=${secret}`]) {
      await (await fetch(`http://${host}${path}`)).body?.cancel();
      await RawSocket.open(`ws://${host}${path}`, "parley.v1").then(
        (socket) => socket.close(),
        () => {},
      );
    }
  }
  return secrets;
}

for (const format of ["pretty", "json"]) {
  Deno.test(`S5 no secret gets into the log of a server at any level, ${format}`, async () => {
    await Deno.writeTextFile(`${FOLDER}/auth`, AUTH_SECRET);
    const server = await ServerProcess.start({
      args: [
        ...["--log-level", "debug", "--log-format", format, "--ops", "off"],
        ...["--store", `sqlite:${FOLDER}/${format}.db`],
        ...["--auth-secret-file", `${FOLDER}/auth`, "--anonymous", "allow"],
      ],
      env: { CHAT_SECRET: SECRET },
    });
    let secrets: string[] = [];
    try {
      secrets = await provoke(server.url, await signWith(AUTH_SECRET, {}));
      await until(() => server.output.includes("disconnected"), "nothing is logged");
    } finally {
      await server[Symbol.asyncDispose]();
    }
    for (const secret of [...secrets, SECRET, AUTH_SECRET]) {
      const signature = secret.slice(secret.lastIndexOf(".") + 1);
      assert(signature.length > 20 && !server.output.includes(signature), server.output);
    }
    assert(!hasSecret(server.output), server.output);
    report("S5", `the log as ${format}`, {
      "secrets said in right and wrong places": secrets.length,
      "lines at level debug": server.output.split("\n").length,
      "secrets found": 0,
    });
  });
}

Deno.test("S5 the client says its session in a frame, and never in a URL or a header", async () => {
  const lines: LogLine[] = [];
  const chat = createChat({ logger: recordingLogger(lines) });
  const asked: string[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request, info) => {
      asked.push(`${request.url} ${JSON.stringify([...request.headers])}`);
      return chat.fetch(request, info);
    },
  );
  const url = `ws://127.0.0.1:${server.addr.port}`;
  const sessions: string[] = [];
  for (let i = 0; i < 2; i++) {
    await using ana = new ChatClient(url, { session: sessions[0] ?? null });
    await ana.connect();
    sessions.push(String(ana.session));
  }
  assertEquals(asked.length, 2);
  for (const text of asked) {
    assert(!hasSecret(text) && !sessions.some((it) => text.includes(it)), text);
  }
  await chat.close();
  await server.shutdown();
});
