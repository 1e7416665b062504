/**
 * Texts that try to become more than text: markup, handlers, addresses that are code, requests that
 * leave. Each of them calls `ran()` where it runs.
 *
 * @module
 */

const CALL = "ran()";

/** Elements that load, run or take part in something by themselves. */
const TAGS = [
  "img src=x",
  "svg",
  "body",
  "iframe",
  "video src=x",
  "audio src=x",
  "input autofocus",
  "details open",
  "marquee",
  "object data=x",
  "embed src=x",
  "math",
  "style",
  "link rel=stylesheet href=x",
  "form",
  "button",
  "textarea autofocus",
  "select autofocus",
  "xss tabindex=1",
  "a href=x",
];

const HANDLERS = [
  "onerror",
  "onload",
  "onfocus",
  "ontoggle",
  "onstart",
  "onanimationstart",
  "onpointerover",
];

/** Addresses that are code, or look like ones that are none. */
const ADDRESSES = [
  "javascript:ran()",
  "JaVaScRiPt:ran()",
  "java\tscript:ran()",
  "javascript&colon;ran()",
  "javascript://https://a.example/%0aran()",
  "vbscript:ran()",
  "data:text/html,<script>ran()</script>",
  "data:text/html;base64,PHNjcmlwdD5yYW4oKTwvc2NyaXB0Pg==",
  "blob:https://a.example/x",
  "file:///etc/passwd",
  "feed:javascript:ran()",
  "view-source:javascript:ran()",
  "https://a.example/javascript:ran()",
  "https://javascript:ran()@a.example/",
  'https://a.example/"onclick="ran()',
  "https://a.example/'onmouseover='ran()",
  "https://a.example/><script>ran()</script>",
  "https://a.example/`onclick=ran()`",
  "http://[::1]:1/x",
  "https://\u202eelpmaxe.moc/",
  "mailto:a@a.example?body=<script>ran()</script>",
];

const MARKUP = [
  "<script>ran()</script>",
  "<SCRIPT SRC=//a.example/x.js></SCRIPT>",
  "<scr<script>ipt>ran()</scr</script>ipt>",
  '"><script>ran()</script>',
  "'><script>ran()</script>",
  "</textarea><script>ran()</script>",
  "</title><script>ran()</script>",
  "</style><script>ran()</script>",
  "<!--><script>ran()</script>-->",
  "<![CDATA[<script>ran()</script>]]>",
  "<?xml-stylesheet href='javascript:ran()'?>",
  "<noscript><p title='</noscript><img src=x onerror=ran()>'>",
  "<template><script>ran()</script></template>",
  "<base href=//a.example/>",
  "<meta http-equiv=refresh content='0;url=//a.example/'>",
  '<meta http-equiv=Content-Security-Policy content="default-src *">',
  "<iframe srcdoc='<script>parent.ran()</script>'></iframe>",
  "<svg><script>ran()</script></svg>",
  "<svg><animate onbegin=ran() attributeName=x dur=1s>",
  "<svg><use href='data:image/svg+xml,<svg id=x onload=ran()>#x'>",
  "<math><mtext><table><mglyph><style><img src=x onerror=ran()>",
  "<style>@import '//a.example/x.css';</style>",
  "<style>*{background:url(//a.example/x)}</style>",
  "<div style='background:url(//a.example/x)'>",
  "<img src=//a.example/pixel.gif>",
  "<img srcset='//a.example/pixel.gif 1x'>",
  "<picture><source srcset=//a.example/x><img></picture>",
  "<link rel=prefetch href=//a.example/x>",
  "<link rel=preconnect href=//a.example>",
  "<video poster=//a.example/x>",
  "<slot name=x></slot>",
  "<parley-chat page room=x src=wss://a.example></parley-chat>",
  "{{constructor.constructor('ran()')()}}",
  "${ran()}",
  "#{ran()}",
  "<%= ran() %>",
  "__proto__",
  "constructor",
  "&lt;script&gt;ran()&lt;/script&gt;",
  "&#60;script&#62;ran()&#60;/script&#62;",
  "\u003cscript\u003eran()\u003c/script\u003e",
  "\uff1cscript\uff1eran()\uff1c/script\uff1e",
  "![x](//a.example/x.png)",
  "[x](javascript:ran())",
  "[x]: javascript:ran()",
  "**<img src=x onerror=ran()>**",
  "`<img src=x onerror=ran()>`",
  "> <img src=x onerror=ran()>",
  "```\n<img src=x onerror=ran()>\n```",
  "*<svg onload=ran()>*",
  "\u202e<script>ran()</script>",
  "\u2066\u2067\u2068<b>",
  "a\u0300".repeat(500),
  "\ufdfd".repeat(200),
  "\ud83d\ude00".repeat(500),
  "\n".repeat(500) + "x",
];

/** All of them. */
export const HOSTILE_TEXTS: string[] = [
  ...TAGS.flatMap((tag) => HANDLERS.map((handler) => `<${tag} ${handler}=${CALL}>`)),
  ...ADDRESSES,
  ...ADDRESSES.map((address) => `<a href="${address}">x</a>`),
  ...MARKUP,
];

/** Those that can be names: short, on one line, and without what nobody sees. */
export const HOSTILE_NAMES: string[] = HOSTILE_TEXTS.filter((text) =>
  new TextEncoder().encode(text).length <= 128 && !/[\p{Cc}\p{Cf}]/u.test(text) &&
  text.normalize("NFC") === text
);
