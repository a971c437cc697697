import { useId } from "react";
import { drawGlass, type Garnish, type GlassShape } from "~/lib/glass";

interface Outline {
  /** The bowl that holds the liquid: also its clip. */
  bowl: string;
  /** Stem, foot or handle. */
  stand?: string;
  /** Top and bottom of the liquid when the glass is full. */
  top: number;
  bottom: number;
  /** Where the garnish sits on the rim. */
  rimX: number;
}

// Drawn on a 64 × 64 board, each with its rim between y = 12 and y = 18.
const OUTLINES: Record<GlassShape, Outline> = {
  coupe: { bowl: "M11 18h42c0 11-9 18-21 18S11 29 11 18Z", stand: "M32 36v18m-10 1h20", top: 21, bottom: 36, rimX: 46 },
  martini: { bowl: "M10 16h44L32 39Z", stand: "M32 39v15m-10 1h20", top: 19, bottom: 39, rimX: 46 },
  rocks: { bowl: "M14 20h36l-3 33a3 3 0 0 1-3 2.7H20a3 3 0 0 1-3-2.7Z", top: 28, bottom: 54, rimX: 45 },
  highball: { bowl: "M19 10h26l-2 43a3 3 0 0 1-3 2.9H24a3 3 0 0 1-3-2.9Z", top: 17, bottom: 54, rimX: 41 },
  flute: { bowl: "M24 9h16c1 16 0 25-3 30-1.3 2.3-3 3-5 3s-3.7-.7-5-3c-3-5-4-14-3-30Z", stand: "M32 42v12m-8 1h16", top: 14, bottom: 42, rimX: 38 },
  wine: { bowl: "M19 12h26c2 14 0 27-13 27S17 26 19 12Z", stand: "M32 39v15m-10 1h20", top: 19, bottom: 39, rimX: 43 },
  mug: { bowl: "M15 16h30v36a4 4 0 0 1-4 4H19a4 4 0 0 1-4-4Z", stand: "M45 24h5a4 4 0 0 1 4 4v10a6 6 0 0 1-6 6h-3", top: 21, bottom: 55, rimX: 38 },
  hurricane: { bowl: "M20 10h24c2 8-4 12-4 18s6 8 4 16c-1 5-6 7-12 7s-11-2-12-7c-2-8 4-10 4-16s-6-10-4-18Z", stand: "M24 56h16m-8-5v5", top: 16, bottom: 51, rimX: 41 },
};

function GarnishMark({ garnish, x, y }: { garnish: Garnish; x: number; y: number }) {
  switch (garnish) {
    case "cherry":
      return <g><path d={`M${x} ${y - 2}c1-5 3-7 6-8`} fill="none" stroke="#7a4a2a" strokeWidth="1.4" strokeLinecap="round" /><circle cx={x} cy={y + 1} r="3.6" fill="#c22f3d" /></g>;
    case "olive":
      return <g><path d={`M${x - 18} ${y + 12}l22-17`} stroke="#c9a46a" strokeWidth="1.4" strokeLinecap="round" /><ellipse cx={x - 8} cy={y + 4.5} rx="4" ry="3.2" fill="#8c9a3c" /><circle cx={x - 6} cy={y + 3.4} r="1" fill="#d3432f" /></g>;
    case "wheel":
      return <g><circle cx={x} cy={y} r="6" fill="#dfe08a" stroke="#9fae3c" strokeWidth="1.6" /><path d={`M${x} ${y - 4}v8m-4-4h8`} stroke="#f7f4cf" strokeWidth="1.1" /></g>;
    case "twist":
      return <path d={`M${x - 4} ${y + 7}c7-2 1-8 6-9s4 5 7-1`} fill="none" stroke="#e8892b" strokeWidth="2.6" strokeLinecap="round" />;
    case "leaf":
      return <g fill="#5f9a55"><path d={`M${x} ${y + 3}c-1-7 2-10 7-11 0 6-2 10-7 11Z`} /><path d={`M${x} ${y + 3}c-5-1-7-4-7-9 5 1 7 4 7 9Z`} fill="#7db56b" /></g>;
    case "none":
      return null;
  }
}

interface GlassProps {
  name: string;
  ingredients: readonly string[];
  sizePx: number;
  /** How full the glass is, 0 to 1. */
  level?: number;
  isEmpty?: boolean;
}

/** A drawn glass for a drink. Decoration: the drink's name always stands beside it. */
export function Glass({ name, ingredients, sizePx, level = 1, isEmpty = false }: GlassProps) {
  const clip = useId();
  const { shape, liquid, depth, garnish, hasIce } = drawGlass({ name, ingredients });
  const { bowl, stand, top, bottom, rimX } = OUTLINES[shape];
  const surface = bottom - (bottom - top) * (isEmpty ? 0 : level);
  const rimY = shape === "rocks" ? 20 : top - 4;
  return (
    <svg viewBox="0 0 64 64" width={sizePx} height={sizePx} aria-hidden="true" focusable="false">
      <defs>
        <clipPath id={clip}><path d={bowl} /></clipPath>
        <linearGradient id={`${clip}-l`} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stopColor={liquid} />
          <stop offset="1" stopColor={depth} />
        </linearGradient>
      </defs>
      <g clipPath={`url(#${clip})`}>
        <rect x="4" y={surface} width="56" height={64 - surface} fill={`url(#${clip}-l)`} />
        {hasIce && !isEmpty && level > 0.4 && (
          <g fill="#ffffff" fillOpacity="0.34">
            <rect x="23" y={surface + 2} width="9" height="9" rx="1.6" transform={`rotate(-14 27 ${surface + 6})`} />
            <rect x="33" y={surface + 6} width="8" height="8" rx="1.6" transform={`rotate(18 37 ${surface + 10})`} />
          </g>
        )}
        <path d={bowl} fill="#ffffff" fillOpacity="0.05" />
      </g>
      <g fill="none" stroke="var(--glass-stroke)" strokeWidth="1.8" strokeLinejoin="round" strokeLinecap="round" strokeOpacity={isEmpty ? 0.55 : 1}>
        <path d={bowl} />
        {stand !== undefined && <path d={stand} />}
      </g>
      {!isEmpty && level === 1 && <GarnishMark garnish={garnish} x={rimX} y={rimY} />}
    </svg>
  );
}
