{{ config(materialized='view') }}

{% set measures = [
    'breastfeeding_at_6_to_8_weeks',
    'care_leavers_in_education_employment_or_training',
    'care_leavers_in_higher_education',
    'care_leavers_in_suitable_accommodation',
    'children_in_low_income_families',
    'days_to_adoptive_family',
    'early_years_settings_good_or_outstanding',
    'ehc_plans_in_20_weeks',
    'excess_weight_reception',
    'excess_weight_year_6',
    'first_time_entrants_to_youth_justice',
    'gcse_english_and_maths',
    'good_level_of_development',
    'health_behaviours_at_15',
    'homeless_families',
    'infant_mortality',
    'injury_admissions',
    'key_stage_2_attainment',
    'looked_after_emotional_health',
    'looked_after_offending',
    'looked_after_until_18',
    'not_in_education_employment_or_training',
    'pupils_in_good_or_outstanding_schools',
    'repeat_child_protection_plans',
    'repeat_referrals',
    'road_casualties',
    'three_or_more_placements',
    'under_18_conceptions',
] %}

{% for name in measures %}
    select
        {{ figure_columns() | join(',\n    ') }}
    from {{ ref(name) }}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
