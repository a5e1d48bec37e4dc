"use strict";
window.coreMeasuresSpecs = {
 "compare": {
  "$schema": "https://vega.github.io/schema/vega-lite/v6.4.1.json",
  "autosize": {
   "contains": "padding",
   "type": "fit-x"
  },
  "config": {
   "axis": {
    "domainColor": "var(--grid)",
    "gridColor": "var(--grid)",
    "labelColor": "var(--quiet)",
    "labelFontSize": 13,
    "tickColor": "var(--grid)",
    "titleColor": "var(--quiet)",
    "titleFontSize": 13,
    "titleFontWeight": "normal"
   },
   "background": "transparent",
   "font": "sans-serif",
   "header": {
    "labelColor": "var(--ink)",
    "labelFontSize": 13
   },
   "legend": {
    "labelColor": "var(--ink)",
    "labelFontSize": 13
   },
   "text": {
    "color": "var(--ink)",
    "fontSize": 13
   },
   "view": {
    "continuousHeight": 300,
    "continuousWidth": 300,
    "stroke": null
   }
  },
  "data": {
   "name": "figures"
  },
  "datasets": {
   "figures": []
  },
  "height": 300,
  "layer": [
   {
    "encoding": {
     "color": {
      "field": "name",
      "legend": {
       "columns": 2,
       "labelLimit": 260,
       "orient": "bottom",
       "symbolType": "stroke",
       "title": null
      },
      "scale": {
       "domain": [
        "%NAMES%"
       ],
       "range": [
        "var(--c0)",
        "var(--c1)",
        "var(--c2)",
        "var(--c3)",
        "var(--c4)",
        "var(--c5)",
        "var(--c6)",
        "var(--c7)",
        "var(--c8)",
        "var(--c9)"
       ]
      },
      "sort": null,
      "type": "nominal"
     },
     "detail": {
      "field": "run",
      "type": "nominal"
     },
     "x": {
      "axis": {
       "grid": false,
       "labelExpr": "%LABELS%",
       "labelOverlap": true,
       "values": [
        "%ENDS%"
       ]
      },
      "field": "end",
      "scale": {
       "padding": 12
      },
      "title": null,
      "type": "temporal"
     },
     "y": {
      "axis": {
       "tickCount": 5
      },
      "field": "value",
      "scale": {
       "nice": true,
       "zero": false
      },
      "title": "%UNIT%",
      "type": "quantitative"
     }
    },
    "mark": {
     "aria": false,
     "fill": null,
     "strokeWidth": 2,
     "type": "line"
    }
   },
   {
    "encoding": {
     "color": {
      "field": "name",
      "legend": {
       "columns": 2,
       "labelLimit": 260,
       "orient": "bottom",
       "symbolType": "stroke",
       "title": null
      },
      "scale": {
       "domain": [
        "%NAMES%"
       ],
       "range": [
        "var(--c0)",
        "var(--c1)",
        "var(--c2)",
        "var(--c3)",
        "var(--c4)",
        "var(--c5)",
        "var(--c6)",
        "var(--c7)",
        "var(--c8)",
        "var(--c9)"
       ]
      },
      "sort": null,
      "type": "nominal"
     },
     "shape": {
      "field": "name",
      "scale": {
       "domain": [
        "%NAMES%"
       ]
      },
      "sort": null,
      "type": "nominal"
     },
     "tooltip": [
      {
       "field": "name",
       "title": "Area",
       "type": "nominal"
      },
      {
       "field": "period",
       "title": "Period",
       "type": "nominal"
      },
      {
       "field": "value",
       "format": "%FORMAT%",
       "title": "Figure",
       "type": "quantitative"
      },
      {
       "field": "lower",
       "format": ",.1f",
       "title": "95% confidence interval from",
       "type": "quantitative"
      },
      {
       "field": "upper",
       "format": ",.1f",
       "title": "95% confidence interval to",
       "type": "quantitative"
      }
     ],
     "x": {
      "axis": {
       "grid": false,
       "labelExpr": "%LABELS%",
       "labelOverlap": true,
       "values": [
        "%ENDS%"
       ]
      },
      "field": "end",
      "scale": {
       "padding": 12
      },
      "title": null,
      "type": "temporal"
     },
     "y": {
      "axis": {
       "tickCount": 5
      },
      "field": "value",
      "scale": {
       "nice": true,
       "zero": false
      },
      "title": "%UNIT%",
      "type": "quantitative"
     }
    },
    "mark": {
     "filled": true,
     "opacity": 1,
     "size": 50,
     "type": "point"
    }
   }
  ]
 },
 "line": {
  "$schema": "https://vega.github.io/schema/vega-lite/v6.4.1.json",
  "autosize": {
   "contains": "padding",
   "type": "fit-x"
  },
  "config": {
   "axis": {
    "domainColor": "var(--grid)",
    "gridColor": "var(--grid)",
    "labelColor": "var(--quiet)",
    "labelFontSize": 13,
    "tickColor": "var(--grid)",
    "titleColor": "var(--quiet)",
    "titleFontSize": 13,
    "titleFontWeight": "normal"
   },
   "background": "transparent",
   "font": "sans-serif",
   "header": {
    "labelColor": "var(--ink)",
    "labelFontSize": 13
   },
   "legend": {
    "labelColor": "var(--ink)",
    "labelFontSize": 13
   },
   "text": {
    "color": "var(--ink)",
    "fontSize": 13
   },
   "view": {
    "continuousHeight": 300,
    "continuousWidth": 300,
    "stroke": null
   }
  },
  "datasets": {
   "breaks": [],
   "figures": []
  },
  "height": 280,
  "layer": [
   {
    "data": {
     "name": "breaks"
    },
    "encoding": {
     "tooltip": [
      {
       "field": "label",
       "title": "Break",
       "type": "nominal"
      }
     ],
     "x": {
      "field": "at",
      "type": "temporal"
     }
    },
    "mark": {
     "aria": false,
     "stroke": "var(--break)",
     "strokeDash": [
      4,
      3
     ],
     "strokeWidth": 1.5,
     "type": "rule"
    }
   },
   {
    "data": {
     "name": "figures"
    },
    "encoding": {
     "detail": {
      "field": "run",
      "type": "nominal"
     },
     "x": {
      "axis": {
       "grid": false,
       "labelExpr": "%LABELS%",
       "labelOverlap": true,
       "values": [
        "%ENDS%"
       ]
      },
      "field": "end",
      "scale": {
       "padding": 12
      },
      "title": null,
      "type": "temporal"
     },
     "y": {
      "field": "lower",
      "type": "quantitative"
     },
     "y2": {
      "field": "upper"
     }
    },
    "mark": {
     "aria": false,
     "fill": "var(--band)",
     "type": "area"
    },
    "transform": [
     {
      "filter": "isValid(datum.lower)"
     }
    ]
   },
   {
    "data": {
     "name": "figures"
    },
    "encoding": {
     "color": {
      "field": "kind",
      "legend": null,
      "scale": {
       "domain": [
        "council",
        "region",
        "neighbours",
        "england"
       ],
       "range": [
        "var(--council)",
        "var(--region)",
        "var(--neighbours)",
        "var(--england)"
       ]
      },
      "type": "nominal"
     },
     "detail": {
      "field": "run",
      "type": "nominal"
     },
     "strokeDash": {
      "field": "kind",
      "legend": null,
      "scale": {
       "domain": [
        "council",
        "region",
        "neighbours",
        "england"
       ],
       "range": [
        [
         1,
         0
        ],
        [
         2,
         2.5
        ],
        [
         9,
         3,
         2,
         3
        ],
        [
         6,
         3
        ]
       ]
      },
      "type": "nominal"
     },
     "x": {
      "axis": {
       "grid": false,
       "labelExpr": "%LABELS%",
       "labelOverlap": true,
       "values": [
        "%ENDS%"
       ]
      },
      "field": "end",
      "scale": {
       "padding": 12
      },
      "title": null,
      "type": "temporal"
     },
     "y": {
      "axis": {
       "tickCount": 5
      },
      "field": "value",
      "scale": {
       "nice": true,
       "zero": false
      },
      "title": "%UNIT%",
      "type": "quantitative"
     }
    },
    "mark": {
     "aria": false,
     "fill": null,
     "strokeWidth": 2,
     "type": "line"
    }
   },
   {
    "data": {
     "name": "figures"
    },
    "encoding": {
     "color": {
      "field": "kind",
      "legend": null,
      "scale": {
       "domain": [
        "council",
        "region",
        "neighbours",
        "england"
       ],
       "range": [
        "var(--council)",
        "var(--region)",
        "var(--neighbours)",
        "var(--england)"
       ]
      },
      "type": "nominal"
     },
     "size": {
      "condition": {
       "test": "datum.kind == 'council'",
       "value": 55
      },
      "value": 30
     },
     "tooltip": [
      {
       "field": "name",
       "title": "Whose",
       "type": "nominal"
      },
      {
       "field": "period",
       "title": "Period",
       "type": "nominal"
      },
      {
       "field": "value",
       "format": "%FORMAT%",
       "title": "Figure",
       "type": "quantitative"
      },
      {
       "field": "lower",
       "format": ",.1f",
       "title": "95% confidence interval from",
       "type": "quantitative"
      },
      {
       "field": "upper",
       "format": ",.1f",
       "title": "95% confidence interval to",
       "type": "quantitative"
      }
     ],
     "x": {
      "axis": {
       "grid": false,
       "labelExpr": "%LABELS%",
       "labelOverlap": true,
       "values": [
        "%ENDS%"
       ]
      },
      "field": "end",
      "scale": {
       "padding": 12
      },
      "title": null,
      "type": "temporal"
     },
     "y": {
      "axis": {
       "tickCount": 5
      },
      "field": "value",
      "scale": {
       "nice": true,
       "zero": false
      },
      "title": "%UNIT%",
      "type": "quantitative"
     }
    },
    "mark": {
     "filled": true,
     "opacity": 1,
     "type": "point"
    }
   }
  ]
 }
};
