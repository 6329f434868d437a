// Points on a canvas: WebGL, or, where there is none, a plain canvas with a sample of them.
const vertex_program = `
  attribute vec2 at; attribute vec4 colour;
  uniform vec2 scale, shift; uniform float size;
  varying vec4 shade;
  void main() {
    gl_Position = vec4(at * scale + shift, 0.0, 1.0);
    gl_PointSize = colour.a < 0.5 ? size * 0.75 : size;
    shade = colour;
  }`;
const fragment_program = `
  precision mediump float;
  varying vec4 shade; uniform float opacity;
  void main() {
    vec2 from = gl_PointCoord - 0.5;
    float edge = 1.0 - smoothstep(0.18, 0.25, dot(from, from));
    gl_FragColor = vec4(shade.rgb, 1.0) * (edge * opacity * shade.a);
  }`;
const plain_points = 60000;

/// Draws points; `at` has two numbers of 0 … 65535 each. draw(view, size, opacity) shows them, with `view` in
/// units of the map: the middle, and how many pixels a unit has, of every step-th point. colours(bytes) sets four bytes a point.
const gl_points = (canvas, at) => {
  const gl = canvas.getContext('webgl', { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: false });
  if (!gl) return null;
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex_program], [gl.FRAGMENT_SHADER, fragment_program]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  const place = name => gl.getUniformLocation(program, name);
  const scale = place('scale'), shift = place('shift'), size_at = place('size'), opacity_at = place('opacity');
  const attribute = (name, count, type) => {
    const buffer = gl.createBuffer(), location = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(location);
    // Both have four bytes a point; every step-th is read.
    const read = step => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.vertexAttribPointer(location, count, type, true, 4 * step, 0);
    };
    return { buffer, read };
  };
  const places = attribute('at', 2, gl.UNSIGNED_SHORT), shades = attribute('colour', 4, gl.UNSIGNED_BYTE);
  gl.bindBuffer(gl.ARRAY_BUFFER, places.buffer);
  gl.bufferData(gl.ARRAY_BUFFER, at, gl.STATIC_DRAW);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  return {
    kind: 'WebGL',
    colours(bytes) {
      gl.bindBuffer(gl.ARRAY_BUFFER, shades.buffer);
      gl.bufferData(gl.ARRAY_BUFFER, bytes, gl.DYNAMIC_DRAW);
    },
    draw(view, size, opacity, step = 1) {
      const { width, height } = canvas;
      places.read(step);
      shades.read(step);
      gl.viewport(0, 0, width, height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      const x = 2 * view.pixels / width, y = 2 * view.pixels / height;
      gl.uniform2f(scale, x, -y);
      gl.uniform2f(shift, -view.x * x, view.y * y);
      gl.uniform1f(size_at, size);
      gl.uniform1f(opacity_at, opacity);
      gl.drawArrays(gl.POINTS, 0, Math.ceil(at.length / 2 / step));
    },
    finish: () => gl.finish(),
  };
};
const plain_canvas_points = (canvas, at) => {
  const context = canvas.getContext('2d');
  const step = Math.max(Math.ceil(at.length / 2 / plain_points), 1);
  let bytes = null;
  return {
    kind: step > 1 ? 'no WebGL here: one point of ' + step + ' is drawn' : '',
    colours(given) { bytes = given; },
    draw(view, size, opacity, wanted = 1) {
      const every = Math.max(step, wanted);
      context.clearRect(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < at.length / 2; i += every) {
        const x = (at[2 * i] / 65535 - view.x) * view.pixels + canvas.width / 2;
        const y = (at[2 * i + 1] / 65535 - view.y) * view.pixels + canvas.height / 2;
        if (x < 0 || y < 0 || x > canvas.width || y > canvas.height) continue;
        context.fillStyle = 'rgba(' + bytes[4 * i] + ',' + bytes[4 * i + 1] + ',' + bytes[4 * i + 2] + ',' + bytes[4 * i + 3] / 255 * opacity + ')';
        context.fillRect(x - size / 2, y - size / 2, size, size);
      }
    },
    finish() {},
  };
};

/// Points by cell of a grid, so that those near a place are found at once.
const grid_of = at => {
  const n = at.length / 2, side = Math.min(Math.max(Math.round(Math.sqrt(n / 4)), 1), 1024);
  const cell_of = i => Math.min(at[2 * i + 1] * side >> 16, side - 1) * side + Math.min(at[2 * i] * side >> 16, side - 1);
  const begins = new Uint32Array(side * side + 1), points = new Uint32Array(n);
  for (let i = 0; i < n; ++i) ++begins[cell_of(i) + 1];
  for (let c = 0; c < side * side; ++c) begins[c + 1] += begins[c];
  const next = begins.slice(0, -1);
  for (let i = 0; i < n; ++i) points[next[cell_of(i)]++] = i;
  /// The point nearest to (x, y) in 0 … 1, no farther than `reach`; −1 where there is none.
  return (x, y, reach) => {
    let nearest = -1, least = reach * reach;
    const clamp = value => Math.min(Math.max(Math.floor(value * side), 0), side - 1);
    for (let row = clamp(y - reach); row <= clamp(y + reach); ++row) {
      for (let p = begins[row * side + clamp(x - reach)]; p < begins[row * side + clamp(x + reach) + 1]; ++p) {
        const dx = at[2 * points[p]] / 65535 - x, dy = at[2 * points[p] + 1] / 65535 - y;
        if (dx * dx + dy * dy > least) continue;
        least = dx * dx + dy * dy;
        nearest = points[p];
      }
    }
    return nearest;
  };
};
