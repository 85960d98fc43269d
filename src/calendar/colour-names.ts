/** CSS names of colours, which COLOR of RFC 7986 §5.9 takes: all of them, and the one nearest to a colour. */

/** The sixteen names every program knows, and some that calendars are often given. */
const NAMES: readonly [name: string, red: number, green: number, blue: number][] = [
  ['black', 0, 0, 0],
  ['silver', 192, 192, 192],
  ['gray', 128, 128, 128],
  ['white', 255, 255, 255],
  ['maroon', 128, 0, 0],
  ['red', 255, 0, 0],
  ['purple', 128, 0, 128],
  ['fuchsia', 255, 0, 255],
  ['green', 0, 128, 0],
  ['lime', 0, 255, 0],
  ['olive', 128, 128, 0],
  ['yellow', 255, 255, 0],
  ['navy', 0, 0, 128],
  ['blue', 0, 0, 255],
  ['teal', 0, 128, 128],
  ['aqua', 0, 255, 255],
  ['orange', 255, 165, 0],
  ['brown', 165, 42, 42],
  ['pink', 255, 192, 203],
  ['tomato', 255, 99, 71],
  ['royalblue', 65, 105, 225],
  ['turquoise', 64, 224, 208],
  ['violet', 238, 130, 238],
  ['gold', 255, 215, 0],
  ['skyblue', 135, 206, 235],
  ['mediumseagreen', 60, 179, 113],
];

/** @param colour `#RRGGBB` */
export function nearestColourName(colour: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const distance = ([, r, g, b]: (typeof NAMES)[number]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
  return NAMES.reduce((nearest, one) => (distance(one) < distance(nearest) ? one : nearest))[0];
}

/** CSS Color Module Level 3 §4.3, and the one name that Level 4 adds. */
const ALL = new Set(
  (
    'aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown burlywood cadetblue ' +
    'chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki ' +
    'darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen darkslateblue darkslategray darkslategrey ' +
    'darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ' +
    'ghostwhite gold goldenrod gray green greenyellow grey honeydew hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen ' +
    'lemonchiffon lightblue lightcoral lightcyan lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen ' +
    'lightskyblue lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine mediumblue ' +
    'mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise mediumvioletred midnightblue mintcream ' +
    'mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered orchid palegoldenrod palegreen paleturquoise ' +
    'palevioletred papayawhip peachpuff peru pink plum powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon ' +
    'sandybrown seagreen seashell sienna silver skyblue slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato ' +
    'turquoise violet wheat white whitesmoke yellow yellowgreen'
  ).split(' '),
);

export function isColourName(text: string): boolean {
  return ALL.has(text.toLowerCase());
}
