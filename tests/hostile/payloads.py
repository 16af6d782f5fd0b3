"""Texts that try to drive a terminal, a browser, a spreadsheet or a reader, and what tells whether one of them did."""

import re
from html.parser import HTMLParser

__all__ = ["HTML", "MARKED", "PAYLOADS", "TERMINAL", "Seen", "controls", "foreign"]

MARKED = "pwned"
"""What a script of a payload makes of the page's title."""
_JS = f"document.title='{MARKED}';window.{MARKED}=1;fetch('http://127.0.0.1:PORT/script')"
_URL = "http://127.0.0.1:PORT/load"

HTML = tuple(
    text.replace("JS", _JS).replace("URL", _URL)
    for text in (
        "<script>JS</script>",
        "</script><script>JS</script>",
        "</SCRIPT ><script>JS</script>",
        "</script\t><script>JS</script>",
        "<!--<script>JS</script>",
        "--><script>JS</script><!--",
        "<!--<script><!--</script>--><script>JS</script>",
        "]]><script>JS</script>",
        "<![CDATA[<script>JS</script>]]>",
        "</title><script>JS</script>",
        "</style><script>JS</script>",
        "</textarea><script>JS</script>",
        "</noscript><script>JS</script>",
        "</svg><script>JS</script>",
        "</pre></article></main><script>JS</script>",
        "<script src=URL></script>",
        "<script type=module>import 'URL'</script>",
        "<ScRiPt>JS</sCrIpT>",
        "<script\n>JS</script>",
        "<script/x>JS</script>",
        "<img src=x onerror=JS>",
        '<img src=x onerror="JS">',
        "<img/src=x/onerror=JS>",
        "<img src=URL>",
        "<img srcset='URL 1x'>",
        "<image href=URL>",
        "<picture><source srcset=URL><img></picture>",
        '"><img src=x onerror=JS>',
        "'><img src=x onerror=JS>",
        '" onload=JS x="',
        "' onmouseover='JS",
        "` onerror=JS `",
        '" autofocus onfocus="JS',
        '"/><svg onload=JS>',
        "<svg onload=JS>",
        "<svg/onload=JS>",
        "<svg><script>JS</script></svg>",
        "<svg><script href=URL></script></svg>",
        "<svg><animate onbegin=JS attributeName=x dur=1s>",
        "<svg><set attributeName=onmouseover to=JS>",
        "<svg><use href='URL#x'>",
        "<svg><image href=URL></svg>",
        "<svg><foreignObject><img src=x onerror=JS></foreignObject></svg>",
        "<svg><style>@import 'URL'</style></svg>",
        '<svg></p><style><a id="</style><img src=x onerror=JS>">',
        "<math><mtext><table><mglyph><style><img src=x onerror=JS>",
        '<math><maction actiontype=statusline xlink:href="javascript:JS">x',
        '<math href="javascript:JS">x</math>',
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=JS>",
        '<a href="javascript:JS">x</a>',
        '<a href="java\nscript:JS">x</a>',
        '<a href=" &#14;javascript:JS">x</a>',
        '<a href="data:text/html,<script>JS</script>">x</a>',
        "javascript:JS",
        "javascript:/*--></title></style></textarea></script><svg onload=JS>",
        "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
        '<iframe src="javascript:JS"></iframe>',
        "<iframe srcdoc=\"<script>parent.document.title='pwned'</script>\"></iframe>",
        "<iframe src=URL></iframe>",
        "<object data=URL></object>",
        "<embed src=URL>",
        "<applet code=URL></applet>",
        "<link rel=stylesheet href=URL>",
        "<link rel=preload as=image href=URL>",
        "<link rel=prefetch href=URL>",
        "<link rel=dns-prefetch href=URL>",
        "<link rel=icon href=URL>",
        "<base href=URL>",
        "<meta http-equiv=refresh content='0;url=URL'>",
        '<meta http-equiv=refresh content="0;url=javascript:JS">',
        "<meta http-equiv=Content-Security-Policy content=''>",
        "<style>body{background:url(URL)}</style>",
        "<style>@import url(URL);</style>",
        "<style>*{display:none}</style>",
        '<div style="background:url(URL)">x</div>',
        "<p style=position:fixed;inset:0>x</p>",
        "<body onload=JS>",
        "<body background=URL>",
        "<html onclick=JS>",
        "<video src=URL onerror=JS></video>",
        "<video poster=URL></video>",
        "<audio src=URL onerror=JS>",
        "<input autofocus onfocus=JS>",
        "<input type=image src=URL>",
        '<button formaction="javascript:JS">x</button>',
        "<form action=URL><button autofocus>x</button></form>",
        "<details open ontoggle=JS>",
        "<marquee onstart=JS>",
        "<select autofocus onfocus=JS>",
        "<textarea autofocus onfocus=JS>",
        "<keygen autofocus onfocus=JS>",
        "<dialog open onclose=JS>",
        "<template><script>JS</script></template>",
        "<template shadowrootmode=open><script>JS</script></template>",
        "<slot onslotchange=JS>",
        "<portal src=URL>",
        "<xss onanimationstart=JS style=animation-name:x>",
        "<x onclick=JS>x",
        '<noscript><p title="</noscript><img src=x onerror=JS>">',
        "<xmp></xmp><script>JS</script>",
        "<plaintext>",
        "<listing>",
        "<frameset onload=JS>",
        "<isindex action=URL>",
        "&lt;script&gt;JS&lt;/script&gt;",
        "&#60;script&#62;JS&#60;/script&#62;",
        "&#x3c;img src=x onerror=JS&#x3e;",
        "&lt;img src=x onerror=JS>",
        "&amp;lt;script&amp;gt;",
        "&quot;&gt;&lt;svg onload=JS&gt;",
        "&NewLine;&Tab;&colon;",
        "\\u003cscript\\u003eJS\\u003c/script\\u003e",
        "\\x3cscript\\x3eJS\\x3c/script\\x3e",
        '\\";JS;//',
        "';JS;//",
        '"};JS;({"',
        "${JS}",
        "{{constructor.constructor('JS')()}}",
        "{% raw %}<script>JS</script>{% endraw %}",
        "<%= JS %>",
        "#{JS}",
        "\u2028JS\u2029",
        "\u2028<script>JS</script>",
        "</script\u2028><script>JS</script>",
        "\ufeff<script>JS</script>",
        "\uff1cscript\uff1eJS\uff1c/script\uff1e",
        "<scr\0ipt>JS</scr\0ipt>",
        "<\0script>JS</script>",
        "+ADw-script+AD4-JS+ADw-/script+AD4-",
        "\xbcscript\xbeJS\xbc/script\xbe",
        "__proto__",
        "constructor",
        "toString",
    )
)
TERMINAL = (
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b[1A\x1b[2Kgain +9.99",
    "\x1b[?25l",
    "\x1b[?1049h",
    "\x1b[8mhidden\x1b[28m",
    "\x1b[999D",
    "\x1b[6n",
    "\x1b[c",
    "\x1b[>c",
    "\x1b[21t",
    "\x1b[3J",
    "\x1bc",
    "\x1b#8",
    "\x1b(0lqqk\x1b(B",
    "\x1b]0;pwned\x07",
    "\x1b]0;pwned\x1b\\",
    "\x1b]2;pwned\x07",
    "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]8;;file:///etc/passwd\x07x\x1b]8;;\x07",
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]50;xterm\x07",
    "\x1b]1337;File=inline=1:AAAA\x07",
    "\x1b]7;file:///tmp\x07",
    "\x1bP+q544e\x1b\\",
    "\x1bP$q\x1b\\",
    "\x1b_Ga=T;AAAA\x1b\\",
    "\x1b^pm\x1b\\",
    "\x1bX sos\x1b\\",
    "\x9b31mred",
    "\x9b2J",
    "\x9d0;pwned\x9c",
    "\x9d52;c;cHduZWQ=\x9c",
    "\x90+q\x9c",
    "\x9f_x\x9c",
    "\x84\x85\x8d",
    "wrong\rright",
    "wrong\b\b\b\b\bright",
    "a\x7fb",
    "\x07\x07\x07",
    "\x0e\x0f",
    "\x05",
    "\x11\x13\x04\x03\x1a",
    "a\x0bb\x0cc",
    "one\r\ntwo\rthree",
    "\x1b",
    "\x1b[",
    "\x1b]",
    "[red]red[/red]",
    "[bold link=http://evil.example/]x[/]",
    "[link=file:///etc/passwd]x[/link]",
    "[/]",
    "[/red]",
    "[@click=app.quit]x[/]",
    "[blink]x",
    "\\[red]x",
    "[[red]]",
    ":pile_of_poo:",
    "\u202egnp.exe\u202c",
    "\u202aabc\u202c",
    "\u2066abc\u2069",
    "\u2067abc\u2069",
    "\u200fabc\u200e",
    "\u061cabc",
    "zero\u200bwidth",
    "join\u200d\u200cer",
    "word\u2060joiner",
    "soft\u00adhyphen",
    "mongolian\u180evowel",
    "fillers\u115f\u1160\u3164\uffa0",
    "notes\ufff9a\ufffab\ufffb",
    "tags\U000e0041\U000e0042\U000e007f",
    "selectors\ufe0e\U000e0100",
    "grapheme\u034fjoiner",
    "\u2028line\u2029paragraph",
    "half \ud83d",
    "\udc80\udcff",
    "z" + "\u0301" * 60,
    "\U0001f469\u200d\U0001f52c",
    "\x00nul\x00",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example/","x")',
    "![x](http://evil.example/x.png)",
    "[x](javascript:alert(1))",
    "| a | b |\n|---|---|",
    "``` \n# heading\n---",
    "%n%n%s%s%x",
    "$(touch /tmp/pwned)",
    "`touch /tmp/pwned`",
    "; rm -rf ~",
    "../../../../etc/passwd",
    "-rf",
    "--help",
)
PAYLOADS = (*HTML, *TERMINAL)

_OWN = re.compile("\x1b\\[[0-9;]*m")
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\u3164\ufeff"
    "\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""What a reader does not see, or what drives a terminal; spelled here once more, so that one list checks the other."""
_TAGS = (
    "html head meta title style script body main header nav section h1 h2 p dl dt dd div table thead tbody tr th td "
    "small figure figcaption svg g rect line text circle polygon polyline path span i a details summary form noscript"
)
_ATTRIBUTES = (
    "lang charset http-equiv content name class id role tabindex scope aria-label href type x y x1 x2 y1 y2 cx cy r rx "
    "width height viewbox points d fill-opacity transform"
)


def controls(text: str, coloured: bool = False) -> set[str]:
    """Characters of what was printed that no reader sees or that drive a terminal, less docendo's own colours."""
    return set(_HIDDEN.findall(_OWN.sub("", text) if coloured else text))


class Seen(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def foreign(page: str) -> list[str]:
    """What is in a page besides the elements and attributes that docendo makes; links that leave it."""
    found = []
    for tag, attributes in Seen(page).elements:
        found += [tag] if tag not in _TAGS.split() else []
        found += [f"{tag} {name}" for name in attributes if name not in _ATTRIBUTES.split()]
        href = attributes.get("href", "#") or ""
        found += [f"{tag} href={href}"] if not href.startswith("#") else []
    return found
