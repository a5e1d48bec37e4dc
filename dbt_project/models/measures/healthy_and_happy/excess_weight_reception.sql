{{ excess_weight(
    fingertips='20601/indicator_data',
    republished='overweight-children-at-reception/reception'
) }}
