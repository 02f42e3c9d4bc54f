/* follow.js: keeps the end of a growing conversation in view, until the reader scrolls up.
 *
 *   following --scrolls up--> reading --scrolls to the end, or presses the button--> following
 *
 * The browser anchors what is read when something above changes its height. */

const NEAR = 48; /* pixels from the end that count as the end */

export class Follow {
  /* told(following) when it changes. */
  constructor(scroll, content, told) {
    this.scroll = scroll;
    this.told = told;
    this.following = true;
    this.last = 0;
    scroll.addEventListener("scroll", () => this.scrolled(), { passive: true });
    scroll.addEventListener("wheel", (event) => event.deltaY < 0 && this.left(), { passive: true });
    const sizes = new ResizeObserver(() => this.grew());
    sizes.observe(content);
    sizes.observe(scroll);
  }

  distance() {
    return this.scroll.scrollHeight - this.scroll.clientHeight - this.scroll.scrollTop;
  }

  scrolled() {
    const top = this.scroll.scrollTop;
    const up = top < this.last - 1;
    this.last = top;
    if (up && this.distance() > NEAR)
      this.set(false);
    else if (!up && this.distance() <= NEAR)
      this.set(true);
  }

  left() {
    if (this.scroll.scrollHeight > this.scroll.clientHeight && this.scroll.scrollTop > 0)
      this.set(false);
  }

  grew() {
    if (this.following)
      this.jump();
  }

  /* To the end, now. */
  jump() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.last = this.scroll.scrollTop;
    this.set(true);
  }

  set(following) {
    if (this.following === following)
      return;
    this.following = following;
    this.told(following);
  }
}
