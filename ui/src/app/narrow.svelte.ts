/** There is room for one column only: a small window, or a large zoom. */
export class Narrow {
  is = $state(false);

  watch(): () => void {
    const room = matchMedia('(width < 640px)');
    const look = (): void => void (this.is = room.matches);
    look();
    room.addEventListener('change', look);
    return () => room.removeEventListener('change', look);
  }
}
