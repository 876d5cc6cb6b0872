// Beat the search: a player picks ten networks of MNIST-NAS-Bench, and three strategies do the same.
// TABLE, in table.js, is written when the site is built:
//   choices   names and values, in the order of a network's numbers
//   networks  for each network the place of its value in each choice, -1 where it has none
//   heard     its validation accuracy in each training
//   test      its mean test accuracy

const BUDGET = 10;
const RIVALS = 100; // searches of each strategy, for the player's place among them

// ---- chance: mulberry32, so that a game's number gives the same game to everyone

function generator(seed) {
  let state = seed >>> 0;
  return function below(n) {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

// Which training of each network is heard in this game.
function luckOf(game) {
  const below = generator(game);
  const trainings = TABLE.heard[0].length;
  return TABLE.networks.map(() => below(trainings));
}

// ---- strategies: each proposes a network, given those that were tried and what was heard of them

const everything = [...TABLE.networks.keys()];
const bestOf = (tried, heard) => tried.reduce((a, b) => (heard(b) > heard(a) ? b : a));

function neighbors(network) {
  const own = TABLE.networks[network];
  const found = [];
  TABLE.networks.forEach((other, number) => {
    const differs = other.filter((value, place) => value !== own[place]).length;
    if (differs === 1) found.push(number);
  });
  return found;
}

function untried(candidates, tried) {
  return candidates.filter((number) => !tried.includes(number));
}

function anyOf(candidates, tried, below) {
  const left = untried(candidates, tried);
  const pool = left.length ? left : untried(everything, tried);
  return pool[below(pool.length)];
}

const STRATEGIES = {
  random: (tried, heard, below) => anyOf(everything, tried, below),
  // Regularized evolution (Real et al. 2019): the best of two drawn from the last four is a parent.
  evolution: (tried, heard, below) => {
    if (tried.length < 4) return anyOf(everything, tried, below);
    const population = tried.slice(-4);
    const drawn = [0, 1].map(() => population[below(population.length)]);
    return anyOf(neighbors(bestOf(drawn, heard)), tried, below);
  },
  // As AutoKeras does: a change of one value of the best network so far.
  greedy: (tried, heard, below) =>
    tried.length ? anyOf(neighbors(bestOf(tried, heard)), tried, below) : anyOf(everything, tried, below),
};

function search(strategy, seed, luck) {
  const below = generator(seed);
  const heard = (network) => TABLE.heard[network][luck[network]];
  const tried = [];
  while (tried.length < BUDGET) tried.push(STRATEGIES[strategy](tried, heard, below));
  return tried;
}

// ---- results: what a search hands over is the network of which it heard the best

function result(tried, luck) {
  const chosen = bestOf(tried, (network) => TABLE.heard[network][luck[network]]);
  return { chosen, test: TABLE.test[chosen] };
}

function beaten(test, strategy, game, luck) {
  let wins = 0;
  for (let seed = 1; seed <= RIVALS; seed++) {
    const rival = result(search(strategy, game * 1000 + seed, luck), luck).test;
    wins += test > rival ? 1 : test === rival ? 0.5 : 0;
  }
  return Math.round((100 * wins) / RIVALS);
}

// ---- codes: the game's number and ten networks, with a check digit, in base 36

function encode(game, tried) {
  const digits = tried.reduce((sum, network) => sum * 2048n + BigInt(network), BigInt(game));
  return (digits * 31n + (digits % 31n)).toString(36).toUpperCase();
}

// The game and its networks, or null if this is no code.
function decode(code) {
  if (!/^[0-9A-Z]{1,40}$/i.test(code)) return null;
  let number = 0n;
  for (const sign of code.toLowerCase()) number = number * 36n + BigInt(parseInt(sign, 36));
  let digits = number / 31n;
  if (digits % 31n !== number % 31n) return null;
  const tried = [];
  for (let turn = 0; turn < BUDGET; turn++) {
    tried.unshift(Number(digits % 2048n));
    digits /= 2048n;
  }
  const valid = tried.every((network) => network < TABLE.networks.length);
  const different = new Set(tried).size === BUDGET;
  return valid && different && digits > 0n && digits < 1000n ? { game: Number(digits), tried } : null;
}

// ---- the pages

const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)}%`;

function words(network) {
  return TABLE.choices
    .map(({ name, values }, place) => [name, values[TABLE.networks[network][place]]])
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");
}

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  return made;
}

function tableOf(caption, heads, rows) {
  const table = element("table");
  table.append(element("caption", caption));
  const head = table.createTHead().insertRow();
  heads.forEach((text) => head.append(element("th", text, { scope: "col" })));
  const body = table.createTBody();
  rows.forEach((row) => {
    const line = body.insertRow();
    row.forEach((text) => (line.insertCell().textContent = text));
  });
  return table;
}

function play(page) {
  const [start, form, message, board, end] = ["start", "choose", "message", "board", "end"].map((name) =>
    page.querySelector(`[data-part=${name}]`),
  );
  let game, luck, tried;

  const selects = TABLE.choices.map(({ name, values }) => {
    const label = element("label", `${name} `);
    const select = element("select", undefined, { name });
    values.forEach((value, place) => select.append(element("option", value, { value: place })));
    label.append(select);
    return select;
  });
  form.prepend(...selects.map((select) => select.parentElement));

  function showWhatExists() {
    const blocks = Number(TABLE.choices[0].values[selects[0].value]);
    TABLE.choices.forEach(({ block }, place) => {
      selects[place].parentElement.hidden = block !== undefined && block >= blocks;
    });
  }

  function picked() {
    const values = selects.map((select) => (select.parentElement.hidden ? -1 : Number(select.value)));
    return TABLE.networks.findIndex((network) => network.every((value, place) => value === values[place]));
  }

  function begin() {
    game = Math.min(999, Math.max(1, Math.round(Number(start.elements.game.value)) || 1));
    start.elements.game.value = game;
    luck = luckOf(game);
    tried = [];
    form.hidden = false;
    end.replaceChildren();
    show(`Game ${game}: pick the first of ${BUDGET} networks.`);
  }

  function show(text) {
    message.textContent = text;
    const rows = tried.map((network, turn) => [
      turn + 1,
      words(network),
      percent(TABLE.heard[network][luck[network]]),
    ]);
    board.replaceChildren(
      ...(rows.length ? [tableOf("Your trials", ["trial", "network", "validation accuracy"], rows)] : []),
    );
  }

  function train() {
    const network = picked();
    if (tried.includes(network)) return show("You have tried this network: change a value.");
    tried.push(network);
    const left = BUDGET - tried.length;
    if (left) return show(`${percent(TABLE.heard[network][luck[network]])}. ${left} to go.`);
    form.hidden = true;
    show("All ten are trained. Here is what they are worth:");
    finish();
  }

  function finish() {
    const yours = result(tried, luck);
    const rows = [["you", percent(yours.test, 2), ""]];
    for (const strategy of Object.keys(STRATEGIES)) {
      const rival = result(search(strategy, game, luck), luck);
      const place = `you beat ${beaten(yours.test, strategy, game, luck)} of ${RIVALS}`;
      rows.push([strategy, percent(rival.test, 2), place]);
    }
    const code = encode(game, tried);
    const output = element("output", code, { class: "code" });
    const copy = element("button", "Copy", { type: "button" });
    copy.addEventListener("click", () => navigator.clipboard?.writeText(code));
    const share = element("p", "Your code, to share: ");
    share.append(output, " ", copy);
    const heads = ["who", "test accuracy of the chosen network", "against a hundred such searches"];
    end.replaceChildren(tableOf(`Game ${game}`, heads, rows), share);
  }

  start.addEventListener("submit", (event) => (event.preventDefault(), begin()));
  form.addEventListener("submit", (event) => (event.preventDefault(), train()));
  selects[0].addEventListener("change", showWhatExists);
  showWhatExists();
  form.hidden = true;
}

// One line a player: a name, if there is one, and a code.
function rank(lines) {
  const games = [];
  const unread = [];
  for (const line of lines.map((text) => text.trim()).filter(Boolean)) {
    const code = line.split(/\s+/).at(-1);
    const found = decode(code);
    if (!found) unread.push(line);
    else games.push({ name: line.slice(0, -code.length).trim() || code.slice(0, 6), ...found });
  }
  for (const player of games) player.test = result(player.tried, luckOf(player.game)).test;
  games.sort((a, b) => b.test - a.test);
  return { games, unread };
}

function collect(page) {
  const [form, board] = ["codes", "board"].map((name) => page.querySelector(`[data-part=${name}]`));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { games, unread } = rank(form.elements.codes.value.split("\n"));
    const rows = games.map(({ name, game, test }, place) => [place + 1, name, game, percent(test, 2)]);
    board.replaceChildren(tableOf("The class", ["place", "who", "game", "test accuracy"], rows));
    if (unread.length) board.append(element("p", `No codes: ${unread.join("; ")}.`));
  });
}

document.querySelectorAll("[data-page=play]").forEach(play);
document.querySelectorAll("[data-page=collect]").forEach(collect);
