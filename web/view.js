// The DOM: shows what the store knows, tells main.js what the partner did. Text is only ever set as
// text; nothing from the network becomes markup or style other than a number.

import { NOTICES, RETRIED, alarms, secondsLeft, situation } from './situation.js';
import { FRESH } from './state.js';
import * as strings from './strings.js';

const $ = (id) => document.getElementById(id);

const written = new WeakMap(); // element -> the text that it was given

// Writes only what differs from what was written last: a live region must not speak again, nor the
// browser's translation of it be undone.
function put(element, text) {
  if (written.get(element) !== text) {
    written.set(element, text);
    element.textContent = text;
  }
}

function show(element, visible) {
  if (element.hidden === visible) {
    element.hidden = !visible;
  }
}

// A level rises step by step: no key asks for ten percent more, or for all that the cap allows. After
// a drag the slider has the focus still, and these scroll a page.
function noLeap(event) {
  if (event.key === 'End' || event.key === 'PageUp') {
    event.preventDefault();
  }
}

// One labelled slider with its two buttons. change(ch, value) is called with what was wished, but not
// by a hand that has held the thumb or a key since before the last of zeros(): it must let go first.
class Slider {
  #thumb = null; // { id, zeros, x, from, wish } of the pointer that holds it, null while none does
  #key = null; // zeros() when it went down
  #change;
  #zeros;
  #want = 0;

  constructor(ch, words, change, zeros) {
    const root = $('slider').content.cloneNode(true).firstElementChild;
    this.root = root;
    this.ch = ch;
    this.label = root.querySelector('label');
    this.output = root.querySelector('output');
    this.input = root.querySelector('input');
    this.rail = root.querySelector('.rail');
    this.track = root.querySelector('.track');
    this.asked = root.querySelector('.asked');
    this.limit = root.querySelector('.limit');
    this.source = root.querySelector('.box span');
    this.steps = [...root.querySelectorAll('.step')];
    root.dataset.ch = ch;
    this.input.id = `value-${ch.toLowerCase()}`;
    this.label.htmlFor = this.input.id;
    // A number that the box reports, on a scale: a meter says so, and does not speak unasked.
    this.output.setAttribute('role', 'meter');
    this.output.setAttribute('aria-label', words.output(ch));
    this.output.setAttribute('aria-valuemin', '0');
    this.output.setAttribute('aria-valuemax', '100');
    const names = [strings.level.lower(ch), strings.level.raise(ch)];
    this.steps.forEach((button, i) => {
      button.setAttribute('aria-label', names[i]);
      button.addEventListener('click', () => {
        change(ch, this.input.valueAsNumber + Number(button.dataset.step));
      });
    });
    this.#change = (value) => change(ch, value);
    this.#zeros = zeros;
    this.#followPointer();
    this.#followKeys();
    this.input.addEventListener('input', () => {
      if (this.#thumb === null && (this.#key === null || this.#key === zeros())) {
        this.#change(this.input.valueAsNumber);
      } else {
        this.input.value = this.#want;
      }
    });
  }

  // A hand on the thumb moves the wish by as much as it moves. The browser's own dragging would bring
  // the thumb's middle under the finger first: up to ten percent for who took it by its edge.
  #followPointer() {
    this.input.addEventListener('pointerdown', (event) => {
      // A second finger on the same thumb is no new hand.
      if (event.button === 0 && (this.#thumb === null || event.isPrimary)) {
        this.#thumb = { id: event.pointerId, zeros: this.#zeros() };
        this.#hold(event);
      }
    });
    window.addEventListener('pointermove', (event) => { // it may go on beside the thumb
      if (event.pointerId !== this.#thumb?.id) {
        return;
      }
      if (event.buttons === 0) { // let go where nobody saw it
        this.#thumb = null;
      } else if (this.#thumb.zeros === this.#zeros()) {
        this.#drag(event);
      }
    });
    for (const end of ['pointerup', 'pointercancel']) {
      window.addEventListener(end, (event) => this.#letGo(event.pointerId));
    }
  }

  // What the hand's way is counted from.
  #hold({ clientX }) {
    Object.assign(this.#thumb, { x: clientX, from: this.#want, wish: this.#want });
  }

  #drag(event) {
    const thumb = this.#thumb;
    if (thumb.wish !== this.#want) { // the wearer has lowered it meanwhile: the hand goes on from there
      this.#hold(event);
    }
    const way = (event.clientX - thumb.x) / this.track.getBoundingClientRect().width;
    this.#change(Math.round(thumb.from + way * 100));
    thumb.wish = this.#want;
  }

  // Only the pointer that took the thumb lets it go; and Firefox has one more input to tell of after
  // its pointerup, which is no wish any more.
  #letGo(id) {
    const thumb = this.#thumb;
    if (thumb?.id === id) {
      setTimeout(() => {
        if (this.#thumb === thumb) {
          this.#thumb = null;
        }
      });
    }
  }

  // A key that is held down is a hand as well.
  #followKeys() {
    this.input.addEventListener('keydown', (event) => {
      if (!event.repeat && event.key !== 'Escape') {
        this.#key = this.#zeros();
      }
    });
    for (const end of ['keyup', 'blur']) {
      this.input.addEventListener(end, (event) => {
        if (event.key !== 'Escape') {
          this.#key = null;
        }
      });
    }
  }

  // What the box reports; null: not known. current: it is what the box does now.
  #report(box, current) {
    const text = box === null ? strings.level.unknown : strings.level.percent(box);
    put(this.source, current || box === null ? strings.level.onBox : strings.level.old);
    put(this.output, text);
    this.output.setAttribute('aria-valuenow', box ?? 0);
    this.output.setAttribute('aria-valuetext', text);
    this.rail.style.setProperty('--box', box ?? 0);
  }

  // values: name, box, current (see #report), want, cap, enabled, asked, limit (texts).
  update({ name, box, current, want, cap, enabled, asked, limit }) {
    put(this.label, name);
    this.#report(box, current);
    this.#want = want;
    if (this.input.valueAsNumber !== want) {
      this.input.value = want;
    }
    this.input.setAttribute('aria-valuetext', strings.level.value(want, cap));
    this.input.disabled = !enabled;
    this.steps[0].disabled = !enabled || want <= 0;
    this.steps[1].disabled = !enabled || want >= cap;
    this.rail.style.setProperty('--cap', cap);
    this.rail.classList.toggle('capped', cap < 100);
    put(this.asked, asked);
    put(this.limit, limit);
  }
}

// One of several, as buttons in the page: over a select's open list neither Escape nor a press on Stop
// would reach it. No radio buttons either: their arrow keys would choose each one on the way.
class Choices {
  #root;
  #choose;
  #values = '';

  // choose(value) is called with what was pressed.
  constructor(root, choose) {
    this.#root = root;
    this.#choose = choose;
  }

  // titles: { value: text }.
  update(titles, value, enabled) {
    const values = Object.keys(titles).join();
    if (values !== this.#values) {
      this.#values = values;
      this.#root.replaceChildren(...Object.entries(titles).map((entry) => this.#button(...entry)));
    }
    for (const button of this.#root.children) {
      const pressed = String(button.value === value);
      if (button.getAttribute('aria-pressed') !== pressed) {
        button.setAttribute('aria-pressed', pressed);
      }
      button.disabled = !enabled;
    }
  }

  #button(value, title) {
    const button = document.createElement('button');
    button.type = 'button';
    button.value = value;
    button.textContent = title;
    button.addEventListener('click', () => this.#choose(value));
    return button;
  }
}

// Keeps the bar with Stop on what is seen of a page that was zoomed in with two fingers, as large as
// before; and above a keyboard on the screen.
function keepInSight(bar) {
  const seen = window.visualViewport;
  if (!seen) {
    return;
  }
  const place = () => {
    bar.style.transform = 'none';
    const { left, bottom } = bar.getBoundingClientRect();
    const [x, y] = [seen.offsetLeft - left, seen.offsetTop + seen.height - bottom];
    if (seen.scale > 1 || y < -1) {
      bar.style.transform = `translate(${x}px, ${y}px) scale(${1 / seen.scale})`;
    }
  };
  for (const event of ['resize', 'scroll']) {
    seen.addEventListener(event, place);
  }
  new ResizeObserver(place).observe(bar); // as wide as the page, which nobody else tells of
}

export class View {
  #store;
  #sliders = {};
  #choices = {};

  // act: take(), give(), stop(), level(ch, value), param(ch, value), choose(kind, value), open(text)
  constructor(store, act) {
    this.#store = store;
    for (const element of document.querySelectorAll('[data-text]')) {
      element.textContent = strings.text[element.dataset.text];
    }
    this.#build(act);
    this.#listen(act);
  }

  #build(act) {
    for (const ch of ['A', 'B']) {
      this.#sliders[ch] = new Slider(ch, strings.level, act.level, () => this.#store.zeros);
      this.#sliders[ch].root.classList.add('card');
      this.#sliders[ch].input.addEventListener('keydown', noLeap);
      $('levels').append(this.#sliders[ch].root);
    }
    for (const ch of ['C', 'D']) {
      this.#sliders[ch] = new Slider(ch, strings.param, act.param, () => this.#store.zeros);
      $('params').append(this.#sliders[ch].root);
    }
    for (const kind of ['mode', 'power']) {
      this.#choices[kind] = new Choices($(kind), (value) => act.choose(kind, value));
    }
  }

  #listen(act) {
    // The second click of a double one: the button has another meaning by then.
    $('control').addEventListener('click', ({ detail }) => detail < 2 && act[$('control').dataset.action]());
    // When it is touched, not only when it is let go: a finger that slips, holds, is the second one or
    // ends a fling makes no click. The click is for keys, and for what has no pointer.
    for (const press of ['pointerdown', 'click']) {
      $('stop').addEventListener(press, () => act.stop());
    }
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        act.stop();
      }
    }, true);
    // Enter that is held down presses a button again and again: only Stop may be.
    document.addEventListener('keydown', (event) => {
      if (event.repeat && event.key === 'Enter' && event.target.matches('button:not(#stop)')) {
        event.preventDefault();
      }
    });
    // Keys go elsewhere while the browser's own bar or another window has them.
    for (const focus of ['focus', 'blur']) {
      window.addEventListener(focus, () => this.#renderFocus());
    }
    this.#renderFocus();
    keepInSight($('bar'));
    $('paste').addEventListener('submit', (event) => {
      event.preventDefault();
      const text = $('paste-link').value;
      $('paste-link').value = '';
      act.open(text);
    });
  }

  #renderFocus() {
    $('escape').classList.toggle('elsewhere', !document.hasFocus());
  }

  render(now) {
    const said = situation(this.#store, now, FRESH);
    const words = strings.status[said.key];
    put($('status'), typeof words === 'function' ? words(said.arg) : words);
    $('situation').dataset.kind = said.kind;
    this.#note('retry', RETRIED.includes(said.key) ? strings.retry(said.arg) : '');
    this.#renderAction(said.action);
    show($('paste'), ['none', 'broken'].includes(said.key));
    this.#renderWords();
    this.#renderAlarms(now);
    this.#renderLeft(now);
    this.#renderControls(now);
  }

  #renderAction(action) {
    const button = $('control');
    show(button, action !== null);
    if (action) {
      button.dataset.action = action;
      put(button, strings.control[action]);
    }
  }

  #renderWords() {
    const { state, held, words } = this.#store;
    const visible = held && words !== null && state?.nonce === words.nonce;
    show($('words'), visible);
    if (visible) {
      put($('three'), words.words.join(' '));
      $('words').classList.toggle('small', state.guard === 'live');
    }
  }

  // Only what is new is written, so that nothing speaks twice; in the order of alarms(), notices last.
  #renderAlarms(now) {
    const keys = new Map(alarms(this.#store, now)
      .sort((a, b) => NOTICES.includes(a) - NOTICES.includes(b)).map((key) => [this.#alarm(key), key]));
    for (const line of [...$('alarms').children]) {
      if (!keys.has(written.get(line))) {
        line.remove();
      }
    }
    let next = $('alarms').firstElementChild;
    for (const [text, key] of keys) {
      if (next && written.get(next) === text) {
        next = next.nextElementSibling;
        continue;
      }
      const line = document.createElement('p');
      line.classList.toggle('notice', NOTICES.includes(key));
      put(line, text);
      $('alarms').insertBefore(line, next);
    }
  }

  #alarm(key) {
    const words = strings.alarm[key];
    return typeof words === 'function' ? words(this.#store.misread.text) : words;
  }

  #renderLeft(now) {
    const seconds = secondsLeft(this.#store, now);
    show($('left'), seconds !== null && this.#store.link.phase === 'joined');
    put($('left-value'), seconds === null ? '' : strings.details.left(seconds));
  }

  #renderControls(now) {
    const { state } = this.#store;
    const visible = state !== null && state.guard !== 'ended';
    show($('levels'), visible);
    show($('second'), visible);
    if (!visible) {
      return;
    }
    const enabled = this.#store.controls(now);
    const current = this.#store.current(now);
    document.body.classList.toggle('old', !current);
    for (const ch of ['A', 'B']) {
      this.#renderLevel(ch, enabled, current);
    }
    this.#renderCharacter(current);
    this.#renderMode(enabled);
    this.#renderPower(enabled);
    this.#renderParams(enabled, current);
    this.#renderDetails();
  }

  #renderLevel(ch, enabled, current) {
    const { known, wants } = this.#store;
    const want = wants[ch];
    const cap = known ? this.#store.cap(ch) : 100;
    const limit = cap > 0 ? strings.level.limit(cap) : strings.level.noLimit;
    this.#sliders[ch].update({
      name: strings.level.name(ch),
      box: known ? known[ch.toLowerCase()] : null,
      current,
      want,
      cap,
      enabled,
      asked: enabled ? strings.level.asked(want) : strings.level.notAsked,
      limit: known ? limit : '',
    });
  }

  #renderCharacter(current) {
    const { old, unknown } = strings.character;
    const words = this.#store.known ? old : unknown;
    this.#note('character-old', current ? '' : words);
  }

  #renderParams(enabled, current) {
    const { known, params } = this.#store;
    const mode = known?.mode ?? 'other';
    const [, ...meanings] = strings.modes[mode];
    ['C', 'D'].forEach((ch, i) => {
      const box = known ? known[ch.toLowerCase()] : null;
      const want = params[ch] ?? box ?? 0;
      const unnamed = mode === 'other' ? strings.param.plain : strings.param.unused;
      this.#sliders[ch].update({
        name: strings.param.name(ch, meanings[i] ?? unnamed),
        box,
        current,
        want,
        cap: 100,
        enabled: enabled && (meanings[i] !== null),
        asked: params[ch] === null || want === box ? '' : strings.param.asked(want),
        limit: '',
      });
    });
  }

  #renderMode(enabled) {
    const { state, known, chosen } = this.#store;
    const { mode, modes } = known ?? { mode: null, modes: [] };
    const names = known === null || modes.includes(mode) ? modes : [mode, ...modes];
    const titles = Object.fromEntries(names.map((name) => [name, strings.modes[name][0]]));
    const value = chosen.mode?.value ?? mode;
    put($('mode-now').lastElementChild, titles[value] ?? strings.level.unknown);
    this.#choices.mode.update(titles, value, enabled && !state.lockm);
    this.#note('mode-locked', state.lockm ? strings.locked.mode : '');
  }

  #renderPower(enabled) {
    const { state, known, chosen } = this.#store;
    const value = chosen.power?.value ?? known?.power;
    this.#choices.power.update(strings.powers, value, enabled && !state.lockp);
    this.#note('power-locked', state.lockp ? strings.locked.power : '');
    this.#note('joined', known?.join ? strings.locked.joined : '');
  }

  #note(id, words) {
    show($(id), words !== '');
    put($(id), words);
  }

  #renderDetails() {
    const { state, trip, counts } = this.#store;
    const { unknown } = strings.details;
    put($('battery'), state.bat < 0 ? unknown : strings.details.percent(state.bat));
    put($('trip'), trip === null ? unknown : strings.details.trip(trip));
    put($('ignored'), String(counts.forged + counts.replayed + counts.unknown));
  }
}
