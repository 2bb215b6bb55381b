// What outlives a reload of the tab, and is gone with it. A browser that keeps nothing for pages only forgets it.

export function stored(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null; // nothing is kept, or not by this page
  }
}

// Whether it is kept: there may be no more room.
export function store(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
