// The connection form, folded away while nobody needs it.

export class Panel extends EventTarget {
  #details;
  #form;
  #problem;

  // "connect" carries what the user wants as its detail
  constructor(details) {
    super();
    this.#details = details;
    this.#form = details.querySelector('form');
    this.#problem = details.querySelector('#problem');
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent('connect', { detail: this.#values() }));
    });
  }

  fill({ broker, prefix, username }) {
    Object.entries({ broker, prefix, username }).forEach(([name, value]) => {
      this.#form.elements[name].value = value;
    });
  }

  ask(problem) {
    this.#problem.textContent = problem ?? '';
    this.#problem.hidden = problem === null;
    this.#details.open = true;
  }

  fold() {
    this.#problem.hidden = true;
    this.#details.open = false;
  }

  #values() {
    const { broker, prefix, username, password } = this.#form.elements;
    return {
      broker: broker.value.trim(),
      prefix: prefix.value.trim(),
      username: username.value,
      password: password.value,
    };
  }
}
