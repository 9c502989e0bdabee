// Writes the tray sources: one satchel, five marks. Run by render.sh.
import { writeFileSync } from 'node:fs';

// Mid-tones: each stands 3:1 or more from a white and from a near-black panel.
const BAG = '#0f90a3';
const GREY = '#7f8b8f';

// A mark is what is drawn, what is cut out of the bag around it, and what is cut out of the mark itself.
const MARKS = {
  idle: null,
  working: { colour: BAG, shape: 'M36 32.8v26.4a2.5 2.5 0 0 0 3.8 2.1l21.4-13.2a2.5 2.5 0 0 0 0-4.2L39.8 30.7a2.5 2.5 0 0 0-3.8 2.1Z' },
  'needs-you': {
    colour: '#c47600',
    shape: 'M48 29a15.5 15.5 0 1 1-7.2 29.2L33 62.5l1.6-9.2A15.5 15.5 0 0 1 48 29Z',
    sign: '<path d="M43.6 41.4a4.4 4.4 0 1 1 6.4 3.9c-1.4.8-2 1.6-2 3" fill="none" stroke="#000" stroke-width="4" stroke-linecap="round"/><circle cx="48" cy="53.6" r="2.5"/>',
  },
  error: {
    colour: '#e04a3b',
    shape: 'M41.5 30h13L63 38.5v15L54.5 62h-13L33 53.5v-15Z',
    sign: '<path d="m42.5 40.5 11 11m0-11-11 11" fill="none" stroke="#000" stroke-width="4.6" stroke-linecap="round"/>',
  },
  paused: { colour: GREY, bag: GREY, grow: 4, shape: 'M39.5 34h4v26h-4ZM52.5 34h4v26h-4Z' },
};

const BAGSHAPE = 'M12 23h40a8 8 0 0 1 8 8v18a8 8 0 0 1-8 8H12a8 8 0 0 1-8-8V31a8 8 0 0 1 8-8Z';
const STRAP = 'M14 25c0-10.5 7-16 18-16s18 5.5 18 16';
const FLAP = 'M2 31c3.5 9 15 12.5 30 12.5S58.5 40 62 31';

const CLASP = '<rect x="25.5" y="35.5" width="13" height="15" rx="4.5"/><rect x="29" y="39" width="6" height="8" rx="2" fill="#fff"/>';

function svg(mark) {
  const bag = `<g mask="url(#cut)" fill="${mark?.bag ?? BAG}" stroke="${mark?.bag ?? BAG}">
    <path d="${BAGSHAPE}" stroke="none"/>
    <path d="${STRAP}" fill="none" stroke-width="5.5" stroke-linecap="round"/>
  </g>`;
  const sign = mark?.sign ? `<mask id="sign"><rect width="66" height="66" fill="#fff"/>${mark.sign}</mask>` : '';
  const top = mark ? `<path d="${mark.shape}" fill="${mark.colour}" stroke="${mark.colour}" stroke-width="${mark.grow ?? 1.5}" stroke-linejoin="round"${sign ? ' mask="url(#sign)"' : ''}/>` : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
  <defs>
    <mask id="cut">
      <rect width="64" height="64" fill="#fff"/>
      <path d="${FLAP}" fill="none" stroke="#000" stroke-width="4.5"/>
      ${mark ? `<path d="${mark.shape}" stroke="#000" stroke-width="9" stroke-linejoin="round"/>` : CLASP}
    </mask>
    ${sign}
  </defs>
  ${bag}
  ${top}
</svg>
`;
}

for (const [name, mark] of Object.entries(MARKS)) writeFileSync(new URL(`tray-${name}.svg`, import.meta.url), svg(mark));
