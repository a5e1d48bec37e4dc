{{ excess_weight(
    fingertips='20602/indicator_data',
    republished='overweight-children-at-year-6/year_6'
) }}
