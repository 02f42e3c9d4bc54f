/* highlight.js: colours for code. Fetched when the first labelled code block appears.
 *
 * A language is a row: what comments, strings and words look like. No grammar is parsed; one expression goes over the
 * text once, and each of its parts ends at a sure sign or at the end of the text, so that time grows with length. */

const C_COMMENT = String.raw`\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)`;
const HASH_COMMENT = String.raw`#[^\n]*`;
const DASH_COMMENT = String.raw`--[^\n]*`;
const STRINGS = String.raw`"(?:[^"\\\n]|\\[^])*"?|'(?:[^'\\\n]|\\[^])*'?`;
const TEMPLATE = "`(?:[^`\\\\]|\\\\[^])*`?";
const TRIPLE = String.raw`"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)`;
const NUMBER = String.raw`\b(?:0[xX][\da-fA-F_]+|0[bB][01_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)\w{0,3}\b`;
const WORD = String.raw`[A-Za-z_$][\w$]*`;

const words = (text) => new Set(text.trim().split(/\s+/));

const C_WORDS = `
    if else for while do switch case default break continue return goto sizeof typedef struct enum union static
    const extern inline volatile void int char short long float double unsigned signed bool true false NULL`;
const JAVA_WORDS = `
    if else for while do switch case default break continue return class interface enum extends implements new this
    super import package public private protected static final abstract void int long short byte char float double
    boolean true false null try catch finally throw throws instanceof var record sealed`;

function family(comment, string, keywords, more = {}) {
  return { comment, string, keywords: words(keywords), ...more };
}

const LANGUAGES = {
  c: family(C_COMMENT, STRINGS, C_WORDS + `
    size_t uint8_t uint16_t uint32_t uint64_t int8_t int16_t int32_t int64_t`,
    { other: String.raw`^[ \t]*#\s*\w+` }),
  cpp: family(C_COMMENT, STRINGS, C_WORDS + `
    class public private protected virtual override template typename namespace using new delete this nullptr auto
    constexpr noexcept try catch throw operator friend explicit mutable final concept requires co_await co_return
    co_yield static_cast dynamic_cast`,
    { other: String.raw`^[ \t]*#\s*\w+` }),
  csharp: family(C_COMMENT, STRINGS, JAVA_WORDS + `
    namespace using string object decimal bool foreach in out ref is as async await get set readonly override
    virtual sealed delegate event lock partial where yield`),
  java: family(C_COMMENT, TRIPLE + "|" + STRINGS, JAVA_WORDS),
  kotlin: family(C_COMMENT, TRIPLE + "|" + STRINGS, `
    fun val var if else for while do when return class interface object data sealed enum override open abstract
    private public internal protected import package is in as null true false this super try catch finally throw by
    companion init suspend lateinit`),
  swift: family(C_COMMENT, TRIPLE + "|" + STRINGS, `
    func let var if else guard for while repeat switch case default return class struct enum protocol extension
    import init self super nil true false in is as try catch throw throws async await private public internal open
    static override mutating where inout defer`),
  js: family(C_COMMENT, TEMPLATE + "|" + STRINGS, `
    const let var function return if else for while do switch case default break continue class extends new this
    super import export from as async await yield of in instanceof typeof void delete try catch finally throw null
    undefined true false static get set`),
  ts: family(C_COMMENT, TEMPLATE + "|" + STRINGS, `
    const let var function return if else for while do switch case default break continue class extends new this
    super import export from as async await yield of in instanceof typeof void delete try catch finally throw null
    undefined true false static get set type interface enum implements readonly public private protected abstract
    declare namespace keyof infer never unknown any string number boolean object satisfies is`),
  go: family(C_COMMENT, TEMPLATE + "|" + STRINGS, `
    func var const type struct interface map chan if else for range switch case default break continue return go
    defer select package import fallthrough goto nil true false string int int8 int16 int32 int64 uint uint8 uint32
    uint64 byte rune float32 float64 bool error make new len cap append`),
  rust: family(C_COMMENT, String.raw`"(?:[^"\\]|\\[^])*"?|'(?:[^'\\\n]|\\[^])'`, `
    fn let mut const static if else match for while loop in break continue return struct enum trait impl mod use pub
    crate self Self super as where type unsafe async await move ref dyn true false i8 i16 i32 i64 u8 u16 u32 u64
    usize isize f32 f64 bool char str`),
  php: family(C_COMMENT + "|" + HASH_COMMENT, STRINGS, `
    function return if else elseif for foreach while do switch case default break continue class interface trait
    extends implements new public private protected static abstract final const use namespace echo print null true
    false try catch finally throw as fn match array isset unset`),
  python: family(HASH_COMMENT, String.raw`[rbfuRBFU]{0,2}(?:${TRIPLE}|${STRINGS})`, `
    def class return if elif else for while in is not and or break continue pass import from as with try except
    finally raise lambda yield global nonlocal assert del None True False async await match case self`,
    { other: String.raw`@[\w.]+` }),
  ruby: family(HASH_COMMENT, STRINGS, `
    def end class module if elsif else unless case when while until for in do begin rescue ensure raise return yield
    self super nil true false and or not require attr_accessor attr_reader puts`,
    { other: String.raw`:\w+|@{1,2}\w+` }),
  shell: family(String.raw`(?<![\w$\{])#[^\n]*`,
    String.raw`"(?:[^"\\]|\\[^])*"?|'[^']*'?`, `
    if then else elif fi for in do done while until case esac function return exit local export readonly set unset
    shift echo cd printf read test sudo`,
    { other: String.raw`\$\{[^}\n]*\}?|\$\w+|\$[@#?*!$]|(?<=\s)--?[\w-]+` }),
  sql: family(DASH_COMMENT + "|" + C_COMMENT,
    String.raw`'(?:[^']|'')*'?|"[^"]*"?`, `
    select from where insert into values update set delete create table index view drop alter add column primary key
    foreign references unique not null default and or in is like between join left right inner outer full on group
    by order having limit offset union all distinct as case when then else end exists with recursive returning begin
    commit rollback count sum avg min max integer int text varchar real boolean timestamp date`, { fold: true }),
  lua: family(DASH_COMMENT, STRINGS, `
    function local end if then else elseif for while do repeat until in return break nil true false and or not`),
  r: family(HASH_COMMENT, STRINGS, `
    function if else for while repeat in next break return TRUE FALSE NULL NA library`),
  haskell: family(DASH_COMMENT, STRINGS, `
    module import where let in if then else case of data type newtype class instance deriving do qualified as`),
  css: family(String.raw`\/\*[^]*?(?:\*\/|$)`, STRINGS, `
    important inherit initial unset none auto`,
    { other: String.raw`@[\w-]+|#[\da-fA-F]{3,8}\b|--[\w-]+|[\w-]{1,80}(?=\s{0,20}:)` }),
  json: family(C_COMMENT, STRINGS, "true false null", { name: String.raw`"(?:[^"\\\n]|\\[^])*"(?=\s{0,20}:)` }),
  yaml: family(String.raw`(?<!\S)#[^\n]*`, STRINGS, `
    true false null yes no on off`,
    { name: String.raw`^[ \t]*(?:- )?[\w.\/-]+(?=:(?:\s|$))` }),
  toml: family(HASH_COMMENT + String.raw`|(?<!\S);[^\n]*`, TRIPLE + "|" + STRINGS, "true false",
    { name: String.raw`^[\w.-]{1,80}(?=\s{0,20}=)`, other: String.raw`^\[[^\]\n]*\]+` }),
  make: family(HASH_COMMENT, STRINGS, `
    ifeq ifneq else endif include define endef export`,
    { name: String.raw`^[\w.%\/-]+(?=:)`, other: String.raw`\$[({][^)}\n]*[)}]|\$[@<^*]` }),
  docker: family(HASH_COMMENT, STRINGS, `
    FROM RUN CMD LABEL EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG AS`),
  html: family(String.raw`<!--[^]*?(?:-->|$)`, String.raw`(?=["'])(?<==\s{0,20})(?:"[^"]*"?|'[^']*'?)`, "",
    { keyword: String.raw`<\/?[A-Za-z][\w:-]*|\/?>|<!\w+|<\?\w+|\?>`, name: String.raw`[\w:@-]{1,80}(?==)`,
      other: String.raw`&#?\w+;` }),
  diff: { lines: [[/^(?:\+\+\+|---|diff|index)/, "c"], [/^\+/, "a"], [/^-/, "d"], [/^@@/, "t"]] },
  markdown: { lines: [[/^#{1,6} /, "k"], [/^\s*(?:[-*+]|\d+\.) /, "n"], [/^>/, "c"], [/^```/, "s"]] },
};

const ALIASES = { "c++": "cpp", cc: "cpp", h: "c", hpp: "cpp", "c#": "csharp", cs: "csharp", kt: "kotlin",
  javascript: "js", jsx: "js", mjs: "js", node: "js",
  typescript: "ts", tsx: "ts", golang: "go", rs: "rust", py: "python",
  python3: "python", rb: "ruby", sh: "shell", bash: "shell", zsh: "shell", console: "shell", shellscript: "shell",
  postgresql: "sql", mysql: "sql", sqlite: "sql", scss: "css", less: "css", jsonc: "json", json5: "json", yml: "yaml",
  ini: "toml", cfg: "toml", conf: "toml", makefile: "make", dockerfile: "docker", xml: "html", svg: "html", vue: "html",
  htm: "html", patch: "diff", md: "markdown", hs: "haskell", php3: "php" };

const CLASSES = { c: "hl-c", s: "hl-s", n: "hl-n", k: "hl-k", f: "hl-f", t: "hl-t", a: "hl-a", d: "hl-d" };

const expressions = new Map();

function expressionOf(language) {
  if (!expressions.has(language)) {
    const { comment, string, name, keyword, other } = language;
    const parts = [["f", name], ["c", comment], ["s", string], ["k", keyword],
      ["t", other], ["n", NUMBER], ["w", WORD]];
    expressions.set(language, new RegExp(parts.filter(([, source]) => source)
      .map(([group, source]) => `(?<${group}>${source})`).join("|"), "gm"));
  }
  return expressions.get(language);
}

/* Nodes of a coloured text; null for a language that is not known. */
export function highlight(text, label) {
  const name = label.toLowerCase();
  const language = LANGUAGES[ALIASES[name] ?? name];
  if (!language)
    return null;
  return language.lines ? byLines(text, language.lines) : byWords(text, language);
}

function span(kind, text) {
  const made = document.createElement("span");
  made.className = CLASSES[kind];
  made.textContent = text;
  return made;
}

function byLines(text, rules) {
  return text.split(/(?<=\n)/).map((line) => {
    const rule = rules.find(([start]) => start.test(line));
    return rule ? span(rule[1], line) : line;
  });
}

function byWords(text, language) {
  const nodes = [];
  let plain = 0;
  for (const found of text.matchAll(expressionOf(language))) {
    const kind = kindOf(found, text, language);
    if (!kind)
      continue;
    if (found.index > plain)
      nodes.push(text.slice(plain, found.index));
    nodes.push(span(kind, found[0]));
    plain = found.index + found[0].length;
  }
  nodes.push(text.slice(plain));
  return nodes;
}

function kindOf(found, text, language) {
  const groups = found.groups;
  const word = groups.w;
  if (!word)
    return Object.keys(groups).find((group) => groups[group] !== undefined);
  if (language.keywords.has(language.fold ? word.toLowerCase() : word))
    return "k";
  const next = text[found.index + word.length];
  if (next === "(")
    return "f";
  return /^[A-Z][a-z]/.test(word) ? "t" : null;
}
