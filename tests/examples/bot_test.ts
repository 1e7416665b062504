import { assertEquals, assertMatch } from "@std/assert";
import { ChatClient } from "../../client.ts";
import { TestChat } from "../support/fixtures.ts";
import { ExampleProcess } from "./example_process.ts";

Deno.test("the bot rolls dice for whoever asks, and leaves at SIGINT", async () => {
  await using server = new TestChat();
  await using chat = new ChatClient(server.url, { name: "Ana" });
  await chat.connect();
  const room = await chat.createRoom("Lobby");
  await using bot = new ExampleProcess("bot.ts", "-N", [room.id, server.url]);
  await bot.printed(/In Lobby/);
  for (const text of ["hello", "!roll", "!roll 20", "!roll 0"]) await room.send(text);
  const answers: string[] = [];
  for await (const { body, own } of room) {
    if (!own && answers.push(body) === 2) break;
  }
  assertMatch(answers[0]!, /^Ana rolls [1-6] of 6$/);
  assertMatch(answers[1]!, /^Ana rolls ([1-9]|1\d|20) of 20$/);
  assertEquals(await bot.end("SIGINT"), 0, bot.output);
  assertEquals([...room.members.keys()], [chat.clientId]);
});

Deno.test("the bot says how it is started where no room is named", async () => {
  await using bot = new ExampleProcess("bot.ts", "-N");
  await bot.printed(/Usage: deno run -N examples\/bot.ts/);
});
