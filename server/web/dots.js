// The assets as a layer of small dots, as the grid takes one: fetched for the view when a bearable number lies there.

/* global L */
import { el } from "./dom.js";
import { say } from "./words.js";

const DOT = { color: "#7a4f00", opacity: 0.9, fillColor: "#f2b441", fillOpacity: 0.95 };
const MOST = 2000;
const NEAR = 16; // from further away a click means the place, not the dot it happened to hit

// From far away they are a dust that covers nothing, from near a finger finds them.
const size = (zoom) => ({ radius: Math.min(5.5, Math.max(1.6, 3.5 + zoom - NEAR)), weight: zoom < NEAR ? 0.5 : 1 });

export function dotLayer(map, { total, bbox }, pick) {
  const draw = (feature, at) => L.circleMarker(at, { ...DOT, ...size(map.getZoom()) });
  const each = (feature, dot) => {
    const { code, name, owner } = feature.properties;
    dot.bindTooltip(() => el("span", {}, name || code, el("code", {}, code), el("br"), owner?.name ?? say("no_owner_recorded")));
    dot.on("click", (event) => {
      if (map.getZoom() < NEAR) return;
      L.DomEvent.stopPropagation(event);
      const { lat, lng } = dot.getLatLng();
      pick({ code, lon: lng, lat });
    });
  };
  const drawn = L.geoJSON(null, { pointToLayer: draw, onEachFeature: each });
  map.on("zoomend", () => drawn.setStyle(size(map.getZoom())));
  return {
    code: "asset",
    get name() {
      return say("asset_layer");
    },
    path: "/v1/assets",
    query: { limit: MOST },
    few: MOST,
    whole: true,
    dots: true,
    style: DOT,
    areas: total,
    bbox,
    on: true,
    drawn,
  };
}
