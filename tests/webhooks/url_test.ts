import { assertEquals, assertThrows } from "@std/assert";
import { checkedWebhookUrl } from "../../src/webhooks/url.ts";
import { pure } from "../support/pure.ts";

pure("a URL that no receiver can have is refused, and its path is not shown", () => {
  for (const url of ["https://a.example/x?y=1", "http://10.0.0.7:81/"]) {
    assertEquals(checkedWebhookUrl("--webhook", url).href, url);
  }
  for (
    const url of [
      "",
      "a.example",
      "ftp://a/",
      "https://",
      "https://u:p@a/",
      "https://a/#b",
      `https://a/${"x".repeat(2_048)}`,
    ]
  ) {
    const { message } = assertThrows(() => checkedWebhookUrl("--webhook", url), RangeError);
    assertEquals([message.startsWith("--webhook must "), message.includes("u:p")], [true, false]);
  }
});
